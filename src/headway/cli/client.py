"""The command line's side of the HTTP API: where the server is, who we are there, and what its answers mean."""

from __future__ import annotations

import functools
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self

import click
import httpx
import platformdirs

from headway.cli.output import sentence_of

DEFAULT_SERVER = "http://127.0.0.1:8080"
PREFIX = "/api/v2"

TIMEOUT = httpx.Timeout(30, connect=10, write=120, read=300)
"""The answer to an upload comes after the bytes are durable, which may take minutes on a slow store."""

Parameters = ParamSpec("Parameters")


class ServerProblem(click.ClickException):
    """The server said no. The problem it answered is the message."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(sentence_of(problem))
        self.problem = problem


class Unreachable(click.ClickException):
    """The server did not answer, or only half; what it did meanwhile is unknown."""


class Credentials:
    """Tokens of the servers that this person signed in to, in a file that only they can read."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(platformdirs.user_config_dir("headway")) / "credentials.json"
        self.current: str | None = None
        """The server of the last sign-in."""
        self._tokens: dict[str, str] = {}
        self._load()

    def _load(self) -> None:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
            self.current, self._tokens = known["current"], dict(known["tokens"])
        except (OSError, ValueError, TypeError, KeyError):
            # No file, or not one of ours: signing in writes a new one.
            return

    def token(self, server: str) -> str | None:
        return self._tokens.get(server)

    def remember(self, server: str, token: str) -> None:
        self.current = server
        self._tokens[server] = token
        self._save()

    def forget(self, server: str) -> None:
        self._tokens.pop(server, None)
        self.current = next(iter(self._tokens), None)
        self._save()

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self._path.with_suffix(".tmp")
        temporary.unlink(missing_ok=True)
        # Made with its mode, so that there is no moment in which others can read it.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"current": self.current, "tokens": self._tokens}, file)
        temporary.replace(self._path)


class CountedFile(io.BufferedReader):
    """A file on its way up; it tells how many bytes have been read from it."""

    def __init__(self, path: Path, on_bytes: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path))
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._on_bytes(self.tell())
        return chunk


class Client:
    """One server, one caller. Every answer is JSON or an exception with a sentence."""

    def __init__(self, server: str, token: str | None) -> None:
        self.server = server
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=server, headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._send("GET", path, params=params)

    def items(self, path: str, page_size: int = 100) -> Iterator[dict[str, Any]]:
        """Yield all items of a list, page by page."""
        params: dict[str, Any] = {"limit": page_size}
        while True:
            answer = self.get(path, **params)
            yield from answer["items"]
            if answer["next_cursor"] is None:
                return
            params["cursor"] = answer["next_cursor"]

    def post(self, path: str, **content: Any) -> dict[str, Any]:
        return self._send("POST", path, **content)

    def delete(self, path: str) -> None:
        self._send("DELETE", path)

    def upload(self, path: Path, options: dict[str, Any], on_bytes: Callable[[int], None]) -> dict[str, Any]:
        """Send a file as it lies on the disk, never in memory as a whole. Return the job."""
        # Without options the part is left out; httpx puts it before the file, so that the server knows it first.
        data = {"options": json.dumps(options)} if options else {}
        with CountedFile(path, on_bytes) as file:
            files = {"file": (path.name, file, "application/octet-stream")}
            return self._send("POST", "/imports", data=data, files=files)

    def download(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece, also where the server has its store serve it."""
        try:
            with self._http.stream("GET", PREFIX + path, follow_redirects=True) as response:
                if not response.is_success:
                    response.read()
                    _meaning(response)
                yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise Unreachable(f"The connection to {self.server} broke off: {error or type(error).__name__}") from error

    def page(self, path: str) -> str:
        """Return the address of a page of the web UI on this server."""
        return f"{self.server}{path}"

    def exchange(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Return a good answer with its headers; raise what a bad one says."""
        response = self._answer(method, path, **content)
        if not response.is_success:
            _meaning(response)
        return response

    def _send(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        return _meaning(self._answer(method, path, **content))

    def _answer(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(method, PREFIX + path, **content)
        except httpx.ConnectError as error:
            sentence = f"No Headway answers at {self.server} ({error}). Is it running? `headway serve` starts one."
            raise Unreachable(sentence) from error
        except httpx.TransportError as error:
            raise Unreachable(f"The connection to {self.server} broke off: {error or type(error).__name__}") from error


def _meaning(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON of a good answer; raise what a bad one says."""
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = None
    if response.is_success and isinstance(body, dict):
        return body
    if not isinstance(body, dict) or "title" not in body:
        raise ServerProblem(
            {
                "title": f"{response.url} answered {response.status_code}, but not as Headway does",
                "status": response.status_code,
                "user_action": "Check the address, and any proxy on the way.",
            }
        )
    if response.status_code == httpx.codes.UNAUTHORIZED:
        body["user_action"] = "Sign in with `headway login`, or set HEADWAY_TOKEN."
    raise ServerProblem(body)


def read_json(file: Path) -> Any:
    """Return what a JSON file holds."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file} is no JSON: {error}") from None


def server_address(given: str | None, credentials: Credentials) -> str:
    """Return the server to talk to: the one given, else that of the last sign-in, else this machine's."""
    address = (given or credentials.current or DEFAULT_SERVER).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise click.BadParameter(f"{address!r} does not begin with http:// or https://", param_hint="server")
    return address


def with_client(
    function: Callable[Concatenate[Client, Parameters], None],
) -> Callable[..., None]:
    """Give a command the option `--server`, and call it with a client that is signed in there if we are."""

    @click.option("--server", metavar="URL", envvar="HEADWAY_URL", help="Default: HEADWAY_URL, or your last login.")
    @functools.wraps(function)
    def command(server: str | None, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        credentials = Credentials()
        # `headway jobs --server URL show ID` names it before the subcommand.
        address = server_address(server or click.get_current_context().obj, credentials)
        token = os.environ.get("HEADWAY_TOKEN") or credentials.token(address)
        with Client(address, token) as client:
            function(client, *args, **kwargs)

    return command
