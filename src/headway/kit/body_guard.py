"""Bounds for the bodies of all requests that are no uploads, before anything parses them."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Collection, Iterable, MutableMapping
from itertools import accumulate
from typing import Any, NoReturn

from headway.errors import AppError
from headway.kit.asgi import App, Message, Receive, Send
from headway.kit.guard_errors import BodyTooLarge, InvalidJson, JsonBodyTooDeep
from headway.kit.problems import problem_response

# Possessive, and content with the end of the text as the closing quote: never more than one pass, whatever comes.
_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_STRINGS = re.compile(_STRING, re.DOTALL)
_STRINGS_AND_CONSTANTS = re.compile(_STRING + rb"|NaN|-?Infinity", re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class BodyGuard:
    """ASGI middleware that reads a body of at most `max_body_bytes`, checks it if it is JSON, and hands it on whole.

    Paths that one of the patterns `streamed` matches whole pass untouched and must bound their bodies themselves. They
    are those below the place where the app is mounted.
    """

    def __init__(
        self,
        app: App,
        *,
        max_body_bytes: int = 1024 * 1024,
        max_json_depth: int = 64,
        streamed: Collection[str] = (),
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._max_json_depth = max_json_depth
        self._streamed = [re.compile(pattern) for pattern in streamed]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_streamed(scope) or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
            if body and _is_json(scope):
                check_json(body, max_depth=self._max_json_depth)
        except AppError as error:
            # The connection stays open: closing it while the client sends would lose this answer.
            await problem_response(error)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _is_streamed(self, scope: MutableMapping[str, Any]) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return any(pattern.fullmatch(path) for pattern in self._streamed)

    async def _read(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
        """Return the whole body, or None if the client went away. Raise `BodyTooLarge`."""
        declared = _header(scope, b"content-length")
        if declared.isdigit() and (len(declared) > 18 or int(declared) > self._max_body_bytes):
            raise self._too_large()
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body has more than {self._max_body_bytes:,} bytes.", limit_bytes=self._max_body_bytes)


def check_json(body: bytes, *, max_depth: int) -> None:
    """Raise `JsonBodyTooDeep` or `InvalidJson`; nothing here recurses deeper than `max_depth`."""
    depth = _depth(body)
    if depth > max_depth:
        raise JsonBodyTooDeep(f"{depth} arrays and objects stand inside each other; {max_depth} are the most.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"Byte {error.start + 1} is not UTF-8.") from None
    try:
        # The parser behind this one skips a byte order mark too.
        json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise InvalidJson(f"{error.msg}: line {error.lineno}, column {error.colno}.") from None
    except _NotANumber:
        raise InvalidJson(f"NaN and Infinity are no JSON: {_place_of_constant(body)}.") from None
    except OverflowError as error:
        raise InvalidJson(f"The number {error} is too large.") from None
    except ValueError:
        raise InvalidJson(f"An integer has more than {sys.get_int_max_str_digits():,} digits.") from None


class _NotANumber(Exception):
    pass


def _refuse_constant(_name: str) -> NoReturn:
    raise _NotANumber


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        # It could be read but not written again: JSON has no word for it.
        raise OverflowError(written[:20])
    return number


def _place_of_constant(body: bytes) -> str:
    start = next(found.start() for found in _STRINGS_AND_CONSTANTS.finditer(body) if found[0][:1] != b'"')
    before = body[:start].decode()
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _depth(body: bytes) -> int:
    """Return how many brackets are open at once, at most; strings do not count."""
    brackets = _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed


def _has_body(scope: MutableMapping[str, Any]) -> bool:
    return _header(scope, b"content-length") not in {b"", b"0"} or bool(_header(scope, b"transfer-encoding"))


def _is_json(scope: MutableMapping[str, Any]) -> bool:
    kind = _header(scope, b"content-type").partition(b";")[0].strip().lower()
    return kind.startswith(b"application/") and kind.endswith((b"/json", b"+json"))


def _header(scope: MutableMapping[str, Any], name: bytes) -> bytes:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value for key, value in headers if key == name), b"")
