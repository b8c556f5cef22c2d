"""Whether what somebody called with still opens anything: asked later, for all who watch, in a query of each kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headway.accounts import standing
from headway.accounts.models import User
from headway.accounts.service import AccountService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, SESSION_SECONDS, TOKEN_SECONDS

ADA, BOB, NEW = "ada@example.org", "bob@example.org", "another horse entirely"
KINDS = ("signed", "embed", "session", "api token")


class Callers:
    """What a user's programs and browsers call with."""

    def __init__(self, service: AccountService, user: User) -> None:
        self.service = service
        self.user = user
        self.proofs: dict[str, Hashable] = {}
        self.expiries: dict[str, datetime | None] = {}

    async def call(self) -> None:
        service, owner = self.service, str(self.user.id)
        self.session = await service.open_session(self.user)
        tokens = {"signed": service.issue_token(self.user)}
        tokens["embed"], _ = await service.issue_job_token(owner, ["jobs:read:user"], 60)
        actor = await service.verify_token(tokens["signed"])
        self.api_token = await service.api_tokens.create(actor, "script", ["jobs:read"], expires_in_days=1)
        tokens["api token"] = self.api_token.token
        actors = {kind: await service.verify_token(token) for kind, token in tokens.items()}
        actors["session"] = await service.actor_for_session(self.session)
        self.proofs = {kind: actors[kind].proof for kind in KINDS}
        self.expiries = {kind: actors[kind].expires_at for kind in KINDS}

    async def ended(self) -> list[str]:
        ended = await self.service.ended_proofs(list(self.proofs.values()))
        return [kind for kind, proof in self.proofs.items() if proof in ended]


@pytest.fixture
async def ada(service: AccountService) -> Callers:
    await service.add_user("root@example.org", PASSWORD, "admin")
    callers = Callers(service, await service.add_user(ADA, PASSWORD))
    await callers.call()
    return callers


async def test_an_actor_knows_when_what_it_called_with_ends(ada: Callers, clock: FakeClock) -> None:
    seconds = {"signed": TOKEN_SECONDS, "embed": 60, "session": SESSION_SECONDS, "api token": 86400}
    assert ada.expiries == {kind: clock.now() + timedelta(seconds=after) for kind, after in seconds.items()}
    endless = await ada.service.api_tokens.create(
        await ada.service.actor_for_session(ada.session), "endless", ["jobs:read"]
    )
    assert (await ada.service.verify_token(endless.token)).expires_at is None


ENDS: dict[str, tuple[Callable[[Callers], Awaitable[Any]], list[str]]] = {
    "nothing": (lambda ada: ada.service.get_user(ADA), []),
    "signing out": (lambda ada: ada.service.close_session(ada.session), ["session"]),
    "revoking": (
        lambda ada: ada.service.api_tokens.revoke(str(ada.user.id), ada.api_token.id),
        ["api token"],
    ),
    "a new password": (lambda ada: ada.service.set_password(ADA, NEW), ["signed", "embed", "session"]),
    "a new password for all": (lambda ada: ada.service.set_password(ADA, NEW, revoke_tokens=True), list(KINDS)),
    "disabling": (lambda ada: ada.service.disable_user(ADA), list(KINDS)),
}


@pytest.mark.parametrize("end", ENDS)
async def test_each_end_ends_what_it_should_and_nobody_elses(ada: Callers, service: AccountService, end: str) -> None:
    bob = Callers(service, await service.add_user(BOB, PASSWORD))
    await bob.call()
    act, expected = ENDS[end]
    await act(ada)
    assert await ada.ended() == expected
    assert await bob.ended() == []


async def test_deleting_a_user_ends_everything(ada: Callers, service: AccountService, database: Database) -> None:
    erasing = await service.begin_erasing(ADA)
    async with database.write() as session:
        await service.erase_user_in(session, erasing)
    assert await ada.ended() == list(KINDS)


async def test_enabling_a_user_again_revives_nothing(ada: Callers, service: AccountService) -> None:
    await service.disable_user(ADA)
    await service.enable_user(ADA)
    assert await ada.ended() == list(KINDS)


async def test_many_are_asked_about_in_few_queries(
    service: AccountService, database: Database, ada: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs = {standing.SessionProof(str(number)) for number in range(40)}
    asked: list[str] = []

    @sa.event.listens_for(database._reader.sync_engine, "before_cursor_execute")
    def on_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    assert await service.ended_proofs([*proofs, *ada.proofs.values()]) == proofs
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 3
    monkeypatch.setattr(standing, "AT_ONCE", 7)
    assert await service.ended_proofs([*proofs, *ada.proofs.values()]) == proofs
    assert await service.ended_proofs(["what a host knows"]) == set()
