"""The typed Python client against a real Headway: each way to ask, sync and async, and uploads over a line that breaks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from chaos.proxy import Kind, Mode, running_proxy
from headway.client import transfers
from headway.client.api import Api, AsyncApi, routes
from headway.client.errors import HeadwayError, Refused, Unreachable
from tests.support.product import Server

PEOPLE = b"name,born\nAda,1815-12-10\nBen,1990-01-02\n"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-the-api-from-python.md"


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    with server.new_client() as client:
        scopes = ["jobs:read", "jobs:write", "imports:write", "datasets:read", "datasets:write"]
        return str(client.post("/tokens", json={"name": "a program", "scopes": scopes}).json()["token"])


@pytest.fixture
def api(server: Server, token: str) -> Iterator[Api]:
    with Api(server.url, token) as opened:
        yield opened


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(PEOPLE)
    return path


def test_a_file_becomes_a_dataset_and_comes_back(api: Api, people: Path, tmp_path: Path) -> None:
    job = api.wait_for(api.import_file(people, {"name": "People / all"})["id"])
    assert (job["status"], job["title"]) == ("completed", "people.csv")
    dataset = job["related_dataset_id"]
    assert dataset is not None
    assert api.ask(routes.get_dataset(dataset))["name"] == "People / all"
    rows = api.ask(routes.read_rows(dataset, columns=["name"], sort=["-name"], limit=1))["rows"]
    assert [row["name"] for row in rows] == ["Ben"]
    api.download(routes.download_original(dataset), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == PEOPLE == api.ask(routes.download_original(dataset))
    assert api.ask(routes.rename_dataset(dataset, {"name": "Others"}))["name"] == "Others"
    assert api.ask(routes.delete_dataset(dataset)) is None


async def test_the_same_without_blocking(server: Server, token: str, people: Path) -> None:
    async with AsyncApi(server.url, token) as api:
        job = await api.wait_for((await api.import_file(people, {"duplicate": "import"}))["id"])
        assert (job["status"], job["done_units"]) == ("completed", 2)
        with pytest.raises(Refused) as refused:
            await api.ask(routes.get_dataset("00000000-0000-7000-8000-000000000000"))
    assert (refused.value.code, refused.value.status, refused.value.retryable) == ("dataset.not_found", 404, False)


def test_what_goes_wrong_is_an_error_with_its_reason(api: Api, token: str, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    job = api.wait_for(api.import_file(tmp_path / "empty.csv")["id"])
    assert job["problem"] is not None
    assert job["problem"]["code"] == "format.empty"
    with pytest.raises(Refused) as refused:
        api.import_file(tmp_path / "empty.csv", {"rule_set": "nowhere"})
    assert refused.value.code == "rule_set.not_found"
    with pytest.raises(Refused), Api(api.url, "wrong") as stranger:
        stranger.download(routes.download_original("0"), tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(Unreachable), Api("http://127.0.0.1:9", token) as away:
        away.ask(routes.get_me())


def test_a_server_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADWAY_URL", raising=False)
    with pytest.raises(HeadwayError, match="HEADWAY_URL"):
        Api(token="x")


async def test_an_upload_goes_on_over_a_line_that_breaks(
    server: Server, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "PIECE_BYTES", 1024 * 1024)
    monkeypatch.setattr(transfers, "PAUSES", (0.0, 0.05))
    monkeypatch.setattr(transfers, "TRIES", 100)
    path = tmp_path / "large.csv"
    path.write_bytes(b"a,b\n" + b"".join(b"%d,some text that is long enough\n" % number for number in range(150_000)))
    host, port = server.url.removeprefix("http://").split(":")
    with running_proxy(host, int(port), Random(5)) as proxy:
        proxy.mode = Mode(Kind.CUT, cut_after_bytes=2_500_000)
        async with AsyncApi(proxy.url, token) as api:
            job = await api.import_file(path)
        assert proxy.connections > 2, "nothing was cut"
    assert job["metadata"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_guide_works_as_it_stands_there(
    server: Server, token: str, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(people.parent)
    monkeypatch.setenv("HEADWAY_URL", server.url)
    monkeypatch.setenv("HEADWAY_TOKEN", token)
    snippets = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(snippet, names)  # noqa: S102 - that it runs is what is tested
    assert names["rows"] == [{"name": "Ada", "born": "1815-12-10"}]
