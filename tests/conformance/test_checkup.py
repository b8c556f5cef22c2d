"""The check-up finds nothing wrong with the stores that Headway supports, and names every defect that is planted."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from headway.storage import checks_access, checks_folder, checks_objects, checkup
from headway.storage.checks_folder import Mount, mount_of, warning_about
from headway.storage.checkup import CheckResult, check_up, checks_of
from headway.storage.errors import StoreUnavailable
from headway.storage.local import TEMPORARY, LocalStore
from headway.storage.opening import open_store
from headway.storage.s3 import PART_BYTES, S3Store
from headway.storage.store import ObjectStore
from tests.support import defective_stores as defective
from tests.support.seaweed import SeaweedFS, running_seaweed

FEW = 20
"""Objects to list where a second page is not the point; a thousand files take seconds."""

LARGE = 2 * PART_BYTES + 12_345


async def results_of(store: ObjectStore, large_bytes: int = LARGE) -> list[CheckResult]:
    return [result async for result in check_up(store, large_bytes=large_bytes)]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_objects, "LISTED", FEW)


def named(results: list[CheckResult], verdict: str = "defect") -> set[str]:
    return {result.name for result in results if result.verdict == verdict}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# -------------------------------------------------------------------- sound stores


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running_seaweed(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
async def s3(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Store]:
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    opened = open_store(seaweed.url(uuid4().hex))
    assert isinstance(opened, S3Store)
    async with asyncio.timeout(60):
        while not await _answers(opened):  # the server makes its bucket a moment after it begins to answer
            await asyncio.sleep(0.05)
    yield opened
    await opened.close()


async def _answers(store: ObjectStore) -> bool:
    with suppress(StoreUnavailable):
        await store.check()
        return True
    return False


@pytest.fixture(params=["local", "s3"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "local":
        return LocalStore(tmp_path / "objects")
    found: S3Store = request.getfixturevalue("s3")
    return found


async def test_a_sound_store_has_no_defect_and_keeps_nothing(any_store: ObjectStore) -> None:
    results = await results_of(any_store)
    assert {result.name: result.sentence for result in results if result.verdict != "ok"} == {}
    assert [result.name for result in results] == ["answers", *(c.name for c in checks_of(any_store)), "removal"]
    assert [found.key async for found in any_store.list("")] == []


@pytest.mark.usefixtures("few")
async def test_a_local_folder_is_as_empty_as_before(tmp_path: Path) -> None:
    await results_of(LocalStore(tmp_path))
    assert {path.name for path in tmp_path.rglob("*")} == {TEMPORARY, "checkup"}
    assert list((tmp_path / "checkup").iterdir()) == []


@pytest.mark.usefixtures("few")
async def test_what_others_have_stored_is_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / "originals" / "1", tmp_path / "checkup" / "of-others", tmp_path / TEMPORARY / "x.part"]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert named(await results_of(LocalStore(tmp_path))) == set()
    assert set(files_below(tmp_path)) == set(others)


# ------------------------------------------------------------------ planted defects


RANGES = {"range in the middle", "range to the end", "range of nothing", "range beyond the end"}
PLANTED: list[tuple[type[LocalStore], set[str]]] = [
    (defective.CutsRanges, {"range in the middle"}),
    (defective.IgnoresRanges, RANGES),
    (defective.RefusesRanges, {*RANGES, "missing object"}),
    (defective.KeepsDeleted, {"delete", "removal"}),
    (defective.RefusesToDeleteTwice, {"delete twice"}),
    (defective.ListsOnePage, {"complete listing"}),
    (defective.ListsTwice, {"complete listing"}),
    (defective.ListsSiblings, {"listing by folder"}),
    (defective.LiesAboutSize, {"sizes"}),
    (defective.KeepsAborted, {"aborted write", "failed overwrite"}),
    (defective.KeepsTemporaryFiles, {"temporary files"}),
    (defective.ReadsFromCache, {"overwrite"}),
    (defective.HidesMissing, {"missing object"}),
    (defective.TellsMissingAsAway, {"missing object"}),
    (defective.WritesInPlace, {"nothing before commit", "aborted write", "failed overwrite", "two writers"}),
    (defective.SharesTemporaryFile, {"two writers"}),
    (defective.SwapsParts, {"object of many parts"}),
    (defective.FindsLate, {"read after write"}),
    (defective.IgnoresCase, {"characters in keys"}),
    (defective.ForgetsNothingness, {"empty object", "sizes"}),
    (defective.RaisesItsOwn, {"complete listing"}),
]


@pytest.mark.parametrize(("kind", "expected"), PLANTED, ids=[kind.__name__ for kind, _ in PLANTED])
async def test_a_planted_defect_is_named_by_its_check(
    kind: type[LocalStore], expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "complete listing" not in expected:
        monkeypatch.setattr(checks_objects, "LISTED", FEW)
    results = await results_of(kind(tmp_path))
    assert named(results) == expected, [result for result in results if result.verdict != "ok"]
    if "removal" not in expected:
        assert files_below(tmp_path / "checkup") == []


@pytest.mark.usefixtures("few")
async def test_siblings_in_a_listing_are_told_as_such(tmp_path: Path) -> None:
    results = await results_of(defective.ListsSiblings(tmp_path))
    (told,) = (result.sentence for result in results if result.verdict == "defect")
    assert told.startswith("The listing of a/b contains objects of a/bc.")


@pytest.fixture
def web_server(tmp_path: Path) -> Iterator[str]:
    """The address of a web server that gives everybody every file, whatever the query says."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Keep the test's output to what it says itself."""


@pytest.mark.usefixtures("few")
async def test_a_store_that_asks_nobody_who_they_are_is_told(
    tmp_path: Path, web_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_access, "EXPIRY_SECONDS", 0)
    results = await results_of(defective.OpenToAll(tmp_path, web_server))
    assert named(results) == {"wrong secret", "anonymous access", "tampered address", "expired address"}
    assert named(results, "note") == {"put if absent"}
    assert "Of 8 racers to put an object if absent 8 won." in {
        result.sentence.partition(" Headway")[0] for result in results
    }


@pytest.mark.usefixtures("few")
async def test_presigned_addresses_that_lead_nowhere_are_only_noted(tmp_path: Path, web_server: str) -> None:
    results = await results_of(defective.OpenToAll(tmp_path, f"{web_server}/nowhere"))
    assert named(results) == {"wrong secret", "anonymous access"}
    assert named(results, "note") == {"presigned address", "put if absent"}


# ------------------------------------------------------------------------- the folder


@pytest.mark.usefixtures("few")
async def test_a_temporary_folder_on_another_file_system_is_told(tmp_path: Path) -> None:
    memory = Path("/dev/shm") / uuid4().hex
    memory.mkdir()
    try:
        if memory.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("this system has only one file system")
        (tmp_path / TEMPORARY).symlink_to(memory)
        results = await results_of(LocalStore(tmp_path))
    finally:
        memory.rmdir()
    assert "rename into place" in named(results)
    assert files_below(tmp_path) == []


@pytest.mark.usefixtures("few")
async def test_a_folder_that_cannot_be_synced_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    results = await results_of(LocalStore(tmp_path))
    (told,) = (result for result in results if result.name == "sync to disk")
    assert told.verdict == "defect"
    assert "Invalid argument" in told.sentence


@pytest.mark.usefixtures("few")
async def test_too_little_room_is_told(tmp_path: Path) -> None:
    results = [result async for result in check_up(LocalStore(tmp_path), large_bytes=LARGE, min_free_bytes=10**18)]
    assert named(results) == {"free space"}


@pytest.mark.usefixtures("few")
async def test_a_file_system_in_memory_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"none / ext4 rw 0 0\nnone {tmp_path} tmpfs rw 0 0\n")
    monkeypatch.setattr(checks_folder, "MOUNTS", mounts)
    results = await results_of(LocalStore(tmp_path / "objects"))
    assert named(results) == set()
    assert named(results, "note") == {"file system"}


MOUNTS = r"""/dev/vda / ext4 rw 0 0
tmpfs /srv tmpfs rw 0 0
nas:/x /srv/my\040files nfs4 rw 0 0
/dev/vdb /srv/data xfs rw 0 0
nas:/y /srv/data cifs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        ("/home", "/", "ext4"),
        ("/srv", "/srv", "tmpfs"),
        ("/srvx", "/", "ext4"),
        ("/srv/my files/a", "/srv/my files", "nfs4"),
        ("/srv/data/a/b", "/srv/data", "cifs"),
        ("/srv/database", "/srv", "tmpfs"),
    ],
)
def test_the_mount_of_a_folder_is_the_innermost_and_last(path: str, point: str, kind: str) -> None:
    assert mount_of(Path(path), MOUNTS) == Mount(Path(point), kind)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("ext4", ""),
        ("xfs", ""),
        ("tmpfs", "memory"),
        ("nfs4", "server"),
        ("fuse.sshfs", "server"),
        ("overlay", "volume"),
    ],
)
def test_what_a_kind_of_file_system_means(kind: str, word: str) -> None:
    said = warning_about(Mount(Path("/srv"), kind))
    assert word in said
    assert bool(said) == bool(word)


# ------------------------------------------------------------------- when it goes wrong


async def test_a_store_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.storage.s3.RETRIES", 0)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    results = await results_of(open_store("s3://bucket?endpoint=http://127.0.0.1:1"))
    assert [(result.name, result.verdict) for result in results] == [("answers", "defect")]
    assert results[0].sentence.startswith("A request that Headway makes of a store failed. It said: ")


@pytest.mark.usefixtures("few")
async def test_what_a_library_says_is_told_without_passwords(tmp_path: Path) -> None:
    results = await results_of(defective.RefusesRanges(tmp_path))
    (told,) = (result.sentence for result in results if result.name == "range in the middle")
    assert told.endswith("not given. It said: non-partial response from http://host/bucket")


async def test_what_s3_says_is_told(s3: S3Store, seaweed: SeaweedFS) -> None:
    elsewhere = open_store(f"s3://no-such-bucket?endpoint={seaweed.endpoint}")
    (result,) = await results_of(elsewhere)
    assert "NoSuchBucket" in result.sentence
    assert "<" not in result.sentence


async def test_a_check_that_hangs_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "CHECK_SECONDS", 1)
    monkeypatch.setattr(checkup, "OBJECT_CHECKS", checks_objects.OBJECT_CHECKS[:1])
    results = await results_of(defective.Hangs(tmp_path))
    assert results[1].name == "small object"
    assert results[1].sentence == "There was no end within 1 seconds."
    assert files_below(tmp_path) == []


async def test_stopping_early_removes_everything(tmp_path: Path) -> None:
    async with aclosing(check_up(LocalStore(tmp_path), large_bytes=LARGE)) as results:
        async for result in results:
            if result.name == "sizes":
                assert files_below(tmp_path)
                break
    assert files_below(tmp_path) == []


async def test_stopping_early_says_what_could_not_be_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with aclosing(check_up(defective.KeepsDeleted(tmp_path), large_bytes=LARGE)) as results:
            async for result in results:
                if result.name == "empty object":
                    break
    assert "2 objects below checkup/" in caplog.text
    assert "could not be removed" in caplog.text
