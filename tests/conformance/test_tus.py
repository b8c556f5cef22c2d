"""The protocol of resumable uploads, asked rightly and wrongly, on each database and each store."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from headway.app import PREFIX, create_app
from headway.kit.db import Database
from headway.settings import Settings
from headway.storage.store import ObjectStore
from tests.support.people import add_people, client_of
from tests.support.serving import serving
from tests.support.tus import BYTES, SPOKEN, UPLOADS, Tus, metadata

MB = 1024 * 1024
MOST = 40 * MB
DATA = b"id,name\n" + b"".join(b"%d,name %d\n" % (n, n) for n in range(2000))
SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"


@dataclass
class World:
    """A running product with two users."""

    ann: Tus
    bob: Tus
    store: ObjectStore

    async def stored(self, address: str) -> str:
        """Return the digest of what an upload became."""
        digest = hashlib.sha256()
        async for chunk in self.store.read(f"originals/{address.rpartition('/')[2]}"):
            digest.update(chunk)
        return digest.hexdigest()

    async def objects(self) -> list[str]:
        return sorted([found.key async for found in self.store.list("")])


@pytest.fixture
async def world(settings: Settings, database: Database, store: ObjectStore) -> AsyncIterator[World]:
    changes = {"max_upload_bytes": MOST, "max_user_bytes": 3 * MOST, "jwt_secret": SecretStr(SECRET)}
    tokens = await add_people(database, SECRET, "ann@example.org", "bob@example.org")
    async with serving(create_app(settings.model_copy(update=changes))) as url, AsyncExitStack() as stack:
        ann, bob = [Tus(await stack.enter_async_context(client_of(url, token))) for token in tokens]
        yield World(ann, bob, store)


def sha(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# ---------------------------------------------------------------------------- speaking


async def test_what_is_spoken_is_told_to_everybody(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.ann.http.base_url, trust_env=False) as anybody:
        for address in (UPLOADS, f"{UPLOADS}/{UUID(int=0)}"):
            answer = await anybody.options(address)
            assert answer.status_code == 204
            assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
            assert answer.headers["tus-max-size"] == str(MOST)
            assert set(answer.headers["tus-extension"].split(",")) == {
                "creation", "creation-with-upload", "creation-defer-length", "termination", "expiration", "checksum",
            }  # fmt: skip
            assert answer.headers["tus-checksum-algorithm"] == "sha256,sha1"
        assert (await anybody.post(UPLOADS, headers=SPOKEN)).status_code == 401


async def test_headers_that_are_wrong_are_refused_and_begin_nothing(world: World) -> None:
    ann, right = world.ann.http, {**SPOKEN, "Upload-Length": "9"}
    cases: list[tuple[dict[str, str], int, str]] = [
        ({"Upload-Length": "9"}, 412, "upload.unsupported_version"),
        ({**right, "Tus-Resumable": "0.2.2"}, 412, "upload.unsupported_version"),
        (SPOKEN, 400, "upload.length_invalid"),
        ({**right, "Upload-Defer-Length": "1"}, 400, "upload.length_invalid"),
        ({**SPOKEN, "Upload-Defer-Length": "2"}, 400, "upload.length_invalid"),
        ({**right, "Upload-Length": "-1"}, 400, "upload.length_invalid"),
        ({**right, "Upload-Length": "1e3"}, 400, "upload.length_invalid"),
        ({**right, "Upload-Length": "9" * 30}, 400, "upload.length_invalid"),
        ({**right, "Upload-Length": str(MOST + 1)}, 413, "upload.too_large"),
        ({**right, "Upload-Metadata": "filename !"}, 400, "upload.bad_metadata"),
        ({**right, "Upload-Metadata": "a YQ==,a YQ=="}, 400, "upload.bad_metadata"),
        ({**right, "Upload-Metadata": metadata(sha256="x")}, 400, "upload.bad_metadata"),
        ({**right, "Upload-Metadata": metadata(options='{"nonsense": 1}')}, 422, "import.bad_options"),
        ({**right, "Upload-Checksum": "md5 AAAA"}, 400, "upload.bad_checksum"),
        ({**right, "Upload-Checksum": "sha256 AAAA"}, 400, "upload.bad_checksum"),
    ]
    for headers, status, code in cases:
        answer = await ann.post(UPLOADS, headers=headers)
        assert problem(answer) == (status, code), headers
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert "Upload-Offset" in answer.headers["access-control-expose-headers"]
    too_large = await ann.post(UPLOADS, headers={**right, "Upload-Length": str(MOST + 1)})
    assert too_large.headers["tus-max-size"] == str(MOST)
    assert too_large.json()["size_bytes"] == MOST + 1
    assert (await ann.post(UPLOADS, headers={**right, "Tus-Resumable": "2"})).headers["tus-version"] == "1.0.0"
    assert problem(await ann.post(UPLOADS, headers=right, content=b"x")) == (415, "upload.wrong_content_type")
    longer = await ann.post(UPLOADS, headers={**right, **BYTES}, content=b"x" * 10)
    assert problem(longer) == (413, "upload.length_exceeded")
    assert (await ann.get(f"{PREFIX}/jobs")).json()["items"] == []


# --------------------------------------------------------------------------- uploading


async def test_an_upload_in_three_turns_is_the_import_that_a_post_would_be(world: World) -> None:
    ann = world.ann
    created = await ann.create(len(DATA), "Menü 1.csv", lastmodified="1700000000000")
    address = created.headers["location"]
    assert created.headers["upload-offset"] == "0"
    assert "GMT" in created.headers["upload-expires"]
    seen = []
    for start, end in ((0, 100), (100, 5000), (5000, len(DATA))):
        job = await ann.job(address)
        seen.append((job["phase"], job["done_units"], job["total_units"]))
        head = await ann.head(address)
        assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(start), str(len(DATA)))
        assert head.headers["upload-metadata"] == metadata(filename="Menü 1.csv", lastmodified="1700000000000")
        assert head.headers["cache-control"] == "no-store"
        answer = await ann.patch(address, start, DATA[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert answer.headers["headway-job"] == address.rpartition("/")[2]
        assert ("upload-expires" in answer.headers) == (end < len(DATA))
    assert seen == [("uploading", done, len(DATA)) for done in (0, 100, 5000)]
    job = await ann.job(address)
    assert (job["phase"], job["progress"], job["title"]) == ("queued", 40, "Menü 1.csv")
    digest = hashlib.sha256(DATA).hexdigest()
    assert job["metadata"] == {"file_name": "Menü 1.csv", "bytes": len(DATA), "sha256": digest}
    assert await world.stored(address) == digest
    head = await ann.head(address)
    assert (head.headers["upload-offset"], "upload-expires" in head.headers) == (str(len(DATA)), False)


@pytest.mark.parametrize("size", [0, 1, len(DATA)])
async def test_a_file_may_come_with_its_creation(world: World, size: int) -> None:
    content = DATA[:size]
    answer = await world.ann.create(size, content=content or None)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(size))
    job = await world.ann.job(answer.headers["location"])
    assert (job["phase"], job["metadata"]["sha256"]) == ("queued", hashlib.sha256(content).hexdigest())
    assert await world.stored(answer.headers["location"]) == hashlib.sha256(content).hexdigest()


async def test_a_part_may_come_with_the_creation(world: World) -> None:
    answer = await world.ann.create(len(DATA), content=DATA[:300])
    assert answer.headers["upload-offset"] == "300"
    assert (await world.ann.patch(answer.headers["location"], 300, DATA[300:])).status_code == 204
    assert await world.stored(answer.headers["location"]) == hashlib.sha256(DATA).hexdigest()


async def test_the_length_may_be_said_later_and_then_stays(world: World) -> None:
    ann = world.ann
    address = await ann.begun(None)
    assert (await ann.head(address)).headers["upload-defer-length"] == "1"
    assert (await ann.patch(address, 0, DATA[:500])).status_code == 204
    wrong = await ann.patch(address, 500, b"", Upload_Length="499")
    assert problem(wrong) == (400, "upload.length_invalid")
    too_large = await ann.patch(address, 500, b"", Upload_Length=str(MOST + 1))
    assert problem(too_large) == (413, "upload.too_large")
    assert (await ann.patch(address, 500, DATA[500:600], Upload_Length=str(len(DATA)))).status_code == 204
    changed = await ann.patch(address, 600, b"", Upload_Length=str(len(DATA) + 1))
    assert problem(changed) == (400, "upload.length_invalid")
    assert (await ann.patch(address, 600, DATA[600:])).status_code == 204
    assert await world.stored(address) == hashlib.sha256(DATA).hexdigest()


async def test_what_fits_no_protocol_writes_nothing(world: World) -> None:
    ann, address = world.ann, await world.ann.begun(len(DATA))
    assert (await ann.patch(address, 0, DATA[:100])).status_code == 204
    right = {**SPOKEN, **BYTES, "Upload-Offset": "100"}
    cases: list[tuple[dict[str, str], int, str]] = [
        ({**right, "Tus-Resumable": "0"}, 412, "upload.unsupported_version"),
        ({**right, "Content-Type": "text/csv"}, 415, "upload.wrong_content_type"),
        ({**SPOKEN, **BYTES}, 400, "upload.bad_offset"),
        ({**right, "Upload-Offset": "-1"}, 400, "upload.bad_offset"),
        ({**right, "Upload-Offset": "99"}, 409, "upload.offset_mismatch"),
        ({**right, "Upload-Offset": "101"}, 409, "upload.offset_mismatch"),
    ]
    for headers, status, code in cases:
        answer = await ann.http.patch(address, headers=headers, content=DATA[100:200])
        assert problem(answer) == (status, code), headers
        if status == 409:
            assert answer.headers["upload-offset"] == "100"
    for stranger in (await world.bob.patch(address, 100, DATA[100:]), await world.bob.delete(address)):
        assert problem(stranger) == (404, "upload.not_found")
    assert (await world.bob.head(address)).status_code == 404
    async with httpx.AsyncClient(base_url=ann.http.base_url, trust_env=False) as nobody:
        assert (await Tus(nobody).patch(address, 100, DATA[100:])).status_code == 401
    assert await ann.offset(address) == 100
    assert (await ann.patch(address, 100, DATA[100:])).status_code == 204
    assert await world.stored(address) == hashlib.sha256(DATA).hexdigest()


async def test_more_than_was_announced_is_refused_and_does_not_stay(world: World) -> None:
    ann, address = world.ann, await world.ann.begun(len(DATA))

    async def too_many() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x" * len(DATA)

    assert problem(await ann.patch(address, 0, DATA + b"x")) == (413, "upload.length_exceeded")
    assert problem(await ann.patch(address, 0, too_many())) == (413, "upload.length_exceeded")
    assert await ann.offset(address) == 0
    assert (await ann.patch(address, 0, DATA)).status_code == 204
    assert await world.stored(address) == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_a_checksum_that_does_not_fit_leaves_the_offset(world: World, algorithm: str) -> None:
    ann, data = world.ann, os.urandom(9 * MB + 5)
    address = await ann.begun(len(data))
    damaged = await ann.patch(address, 0, b"x" + data[1 : 9 * MB], Upload_Checksum=sha(data[: 9 * MB], algorithm))
    assert problem(damaged) == (460, "upload.checksum_mismatch")
    assert await ann.offset(address) == 0
    right = await ann.patch(address, 0, data[: 9 * MB], Upload_Checksum=sha(data[: 9 * MB], algorithm))
    assert (right.status_code, right.headers["upload-offset"]) == (204, str(9 * MB))
    assert (await ann.patch(address, 9 * MB, data[9 * MB :])).status_code == 204
    assert await world.stored(address) == hashlib.sha256(data).hexdigest()


async def test_methods_get_through_as_others(world: World) -> None:
    ann, address = world.ann, await world.ann.begun(len(DATA))
    sent = {**SPOKEN, **BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert (await ann.http.post(address, headers=sent, content=DATA[:50])).headers["upload-offset"] == "50"
    assert problem(await ann.http.post(address, headers=SPOKEN)) == (405, "upload.bad_method")
    gone = await ann.http.post(address, headers={**SPOKEN, "X-HTTP-Method-Override": "DELETE"})
    assert gone.status_code == 204
    assert (await ann.head(address)).status_code == 410


# ----------------------------------------------------------------------- ends and repeats


async def test_a_finished_upload_stays_as_it_is(world: World) -> None:
    ann, address = world.ann, await world.ann.begun(len(DATA))
    await ann.patch(address, 0, DATA[:100])
    assert (await ann.patch(address, 100, DATA[100:])).status_code == 204
    for repeated in (await ann.patch(address, 100, DATA[100:]), await ann.patch(address, len(DATA), b"")):
        assert (repeated.status_code, repeated.headers["upload-offset"]) == (204, str(len(DATA)))
        assert repeated.headers["headway-job"] == address.rpartition("/")[2]
    others = (
        await ann.patch(address, 100, DATA[101:] + b"x"),
        await ann.patch(address, 100, DATA[100:200]),
        await ann.patch(address, len(DATA), b"x"),
        await ann.delete(address),
    )
    for other in others:
        assert problem(other) == (403, "upload.finished")
        assert other.json()["job_id"] == other.headers["headway-job"] == address.rpartition("/")[2]
    assert await world.stored(address) == hashlib.sha256(DATA).hexdigest()
    assert len((await ann.http.get(f"{PREFIX}/jobs")).json()["items"]) == 1


async def test_a_repeated_creation_is_the_same_upload(world: World) -> None:
    ann, key = world.ann, {"Idempotency-Key": "one"}
    first = await ann.create(len(DATA), headers=key)
    await ann.patch(first.headers["location"], 0, DATA[:70])
    again = await ann.create(len(DATA), headers=key)
    assert (again.headers["location"], again.headers["upload-offset"]) == (first.headers["location"], "70")
    assert problem(await ann.create(5, headers=key)) == (422, "upload.key_reused")
    await ann.patch(first.headers["location"], 70, DATA[70:])
    after = await ann.create(len(DATA), headers=key)
    assert (after.headers["location"], after.headers["upload-offset"]) == (first.headers["location"], str(len(DATA)))


async def test_a_terminated_upload_is_a_cancelled_job_and_leaves_nothing(world: World) -> None:
    ann, address = world.ann, await world.ann.begun(len(DATA))
    await ann.patch(address, 0, DATA[:1000])
    assert (await ann.delete(address)).status_code == 204
    assert (await ann.job(address))["status"] == "cancelled"
    assert problem(await ann.patch(address, 1000, DATA[1000:])) == (410, "upload.gone")
    assert problem(await ann.delete(address)) == (410, "upload.gone")
    assert (await ann.head(address)).status_code == 410
    assert await world.objects() == []
    limits = (await ann.http.get(f"{PREFIX}/limits")).json()
    assert (limits["used_bytes"], limits["uploads"]["open"]) == (0, 0)


async def test_a_file_other_than_announced_is_refused_at_the_end(world: World) -> None:
    ann = world.ann
    address = await ann.begun(len(DATA), sha256="0" * 64)
    answer = await ann.patch(address, 0, DATA)
    assert problem(answer) == (422, "upload.digest_mismatch")
    assert answer.json()["sha256"] == hashlib.sha256(DATA).hexdigest()
    job = await ann.job(address)
    assert (job["status"], job["problem"]["code"]) == ("failed", "upload.digest_mismatch")
    assert (await ann.head(address)).status_code == 410
    assert await world.objects() == []


async def test_two_clients_of_one_upload_do_not_wait_for_each_other(world: World) -> None:
    ann, data = world.ann, os.urandom(3 * MB)
    address = await ann.begun(len(data))
    health: list[float] = []

    async def ask() -> None:
        while True:
            began = asyncio.get_running_loop().time()
            assert (await ann.http.get("/healthz")).status_code == 200
            health.append(asyncio.get_running_loop().time() - began)

    asking = asyncio.create_task(ask())
    answers = await asyncio.gather(ann.patch(address, 0, data), ann.patch(address, 0, data))
    asking.cancel()
    won = [answer for answer in answers if answer.status_code == 204]
    lost = [answer for answer in answers if answer.status_code in {409, 423}]
    # The later one may also come when all is done, and then it is a repetition.
    assert len(won) + len(lost) == 2
    assert won
    assert health
    assert await world.stored(address) == hashlib.sha256(data).hexdigest()


async def test_a_new_request_takes_over_from_one_that_hangs(world: World) -> None:
    ann, data = world.ann, os.urandom(3 * MB)
    address, arrived = await ann.begun(len(data)), asyncio.Event()
    hang = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield data[: 2 * MB]
        arrived.set()
        await hang.wait()

    hung = asyncio.create_task(ann.patch(address, 0, hanging()))
    await arrived.wait()
    async with asyncio.timeout(20):
        while not (offset := await ann.offset(address)):
            hung = hung if not hung.done() else asyncio.create_task(ann.patch(address, 0, hanging()))
    assert offset <= 2 * MB
    assert (await ann.patch(address, offset, data[offset:])).status_code == 204
    hang.set()
    assert problem(await hung) == (409, "upload.taken_over")
    assert await world.stored(address) == hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------ what is known, and how much


async def test_known_content_costs_no_bytes_and_is_nobody_elses(world: World) -> None:
    ann, digest = world.ann, hashlib.sha256(DATA).hexdigest()
    first = await ann.create(len(DATA), content=DATA)
    for options in ('{"duplicate": "import"}', "{}"):
        known = await ann.create(len(DATA), "again.csv", sha256=digest, options=options)
        assert known.headers["upload-offset"] == str(len(DATA))
        job = await ann.job(known.headers["location"])
        assert (job["phase"], job["metadata"]["sha256"]) == ("queued", digest)
        assert job["id"] != first.headers["headway-job"]
        assert await world.stored(known.headers["location"]) == digest
    for other in (
        await world.bob.create(len(DATA), sha256=digest),
        await ann.create(len(DATA) - 1, sha256=digest),
        await ann.create(None, sha256=digest),
    ):
        assert other.headers["upload-offset"] == "0"
    assert (await ann.http.get(f"{PREFIX}/limits", params={"sha256": digest})).json()["known_dataset_id"] is None


async def test_limits_say_all_numbers_and_open_uploads_count_whole(world: World) -> None:
    ann = world.ann
    limits = (await ann.http.get(f"{PREFIX}/limits")).json()
    assert (limits["max_upload_bytes"], limits["left_bytes"], limits["used_bytes"]) == (MOST, 3 * MOST, 0)
    assert limits["uploads"] | {"open": 0} == {
        "path": UPLOADS, "version": "1.0.0", "chunk_bytes": 16 * MB, "idle_seconds": 86400, "max_age_seconds": 604800,
        "max_open": 100, "open": 0, "checksum_algorithms": ["sha256", "sha1"],
        "extensions": ["creation", "creation-with-upload", "creation-defer-length", "termination", "expiration", "checksum"],
    }  # fmt: skip
    addresses = [await ann.begun(MOST) for _ in range(3)]
    refused = await ann.create(1)
    assert problem(refused) == (507, "upload.quota_exceeded")
    said = refused.json()
    assert (said["used_bytes"], said["max_user_bytes"], said["left_bytes"], said["size_bytes"]) == (
        3 * MOST,
        3 * MOST,
        0,
        1,
    )
    assert (await world.bob.create(1)).status_code == 201
    deferred = await world.bob.begun(None)
    assert (await world.bob.patch(deferred, 0, b"x" * 10)).status_code == 204
    used = (await world.bob.http.get(f"{PREFIX}/limits")).json()
    assert (used["used_bytes"], used["uploads"]["open"]) == (11, 2)
    assert (await ann.delete(addresses[0])).status_code == 204
    assert (await ann.create(MOST)).status_code == 201
