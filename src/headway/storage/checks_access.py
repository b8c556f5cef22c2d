"""Checks of who may read: only for stores whose requests carry credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

import httpx

from headway.errors import AppError
from headway.storage.s3 import HasCredentials
from headway.storage.store import ObjectStore
from headway.storage.trial import Check, Defect, Trial

SECRET = b"only for those who may"
RACERS = 8
VALID_SECONDS = 60
HTTP_SECONDS = 20
EXPIRY_SECONDS = 15
"""How long an address that was valid for one second is tried: the clocks of servers differ a little."""

ASK_AGAIN_SECONDS = 0.5
WRONG_SECRET = "not-the-secret-of-this-store-at-all-0000"  # noqa: S105 - wrong on purpose

Access = Callable[[Trial, HasCredentials], Awaitable[str]]


def access_checks(store: ObjectStore) -> tuple[Check, ...]:
    """Return the checks for a store with credentials, none for others."""
    if not isinstance(store, HasCredentials):
        return ()

    def check(name: str, run: Access, *, needed: bool = True) -> Check:
        return Check(name, needed=needed, run=partial(_with_credentials, run=run, credentials=store))

    return (
        check("wrong secret", wrong_secret),
        check("anonymous access", anonymous),
        check("presigned address", presigned, needed=False),
        check("tampered address", tampered),
        check("expired address", expired),
        check("put if absent", put_if_absent, needed=False),
    )


async def _with_credentials(trial: Trial, *, run: Access, credentials: HasCredentials) -> str:
    return await run(trial, credentials)


async def wrong_secret(trial: Trial, credentials: HasCredentials) -> str:
    await _must_be_refused(trial, credentials.with_secret(WRONG_SECRET), "with a wrong secret")
    return "A wrong secret is refused."


async def anonymous(trial: Trial, credentials: HasCredentials) -> str:
    await _must_be_refused(trial, credentials.anonymous(), "without credentials")
    return "Nobody gets in without credentials."


async def _must_be_refused(trial: Trial, stranger: ObjectStore, who: str) -> None:
    key, other = trial.key("guarded"), trial.key("foisted")
    await trial.put(key, SECRET)
    seen = Trial(stranger, trial.large_bytes, trial.min_free_bytes, trial.prefix)
    for sentence, ask in (
        (f"Everybody can read the objects {who}.", partial(seen.get, key)),
        (f"Everybody can list the objects {who}.", partial(_some, seen)),
        (f"Everybody can write objects {who}.", partial(seen.put, other, SECRET)),
    ):
        try:
            answer = await ask()
        except AppError:
            continue
        if answer != []:
            raise Defect(f"{sentence} Close the store before files of people go into it.")


async def _some(trial: Trial) -> list[str]:
    return await trial.listed(trial.prefix)


async def presigned(trial: Trial, credentials: HasCredentials) -> str:
    key = trial.key("presigned")
    await trial.put(key, SECRET)
    status, content = await _fetch(await credentials.presigned(key, VALID_SECONDS))
    if content != SECRET:
        raise Defect(f"A presigned address does not give the object (HTTP {status}). Headway does not rely on it.")
    return "A presigned address gives the object."


async def tampered(trial: Trial, credentials: HasCredentials) -> str:
    """Change the name in an address that was signed for another object."""
    allowed, coveted = trial.key("presigned"), trial.key("coveted")
    await trial.put(allowed, b"for this one the address was signed")
    await trial.put(coveted, SECRET)
    url = await credentials.presigned(allowed, VALID_SECONDS)
    path = urlsplit(url).path
    _status, content = await _fetch(url.replace(path, path.removesuffix("presigned") + "coveted"))
    if content == SECRET:
        raise Defect("A presigned address also gives objects that it was not signed for: signatures are not checked.")
    return "A presigned address that was tampered with is refused."


async def expired(trial: Trial, credentials: HasCredentials) -> str:
    key = trial.key("presigned")
    await trial.put(key, SECRET)
    url = await credentials.presigned(key, 1)
    loop = asyncio.get_running_loop()
    end = loop.time() + EXPIRY_SECONDS
    while (await _fetch(url))[1] == SECRET:
        if loop.time() > end:
            raise Defect(f"A presigned address for one second still gives the object {EXPIRY_SECONDS} seconds later.")
        await asyncio.sleep(ASK_AGAIN_SECONDS)
    return "A presigned address that has expired is refused."


async def _fetch(url: str) -> tuple[int, bytes]:
    """Return status and content; the content is empty unless the status says that it is one."""
    try:
        async with httpx.AsyncClient(timeout=HTTP_SECONDS) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        raise Defect(f"A presigned address cannot be asked at all: {error}.") from error
    return answer.status_code, answer.content if answer.is_success else b""


async def put_if_absent(trial: Trial, credentials: HasCredentials) -> str:
    key = trial.key("raced")
    wins = await asyncio.gather(*(credentials.put_if_absent(key, bytes([number])) for number in range(RACERS)))
    if sum(wins) != 1:
        raise Defect(f"Of {RACERS} racers to put an object if absent {sum(wins)} won. Headway does not rely on it.")
    return f"Of {RACERS} racers to put an object if absent one won. Headway does not rely on it."
