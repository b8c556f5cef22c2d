"""Every deed with an account or a token leaves one entry, written with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from headway.accounts.attempts import WRONG_PER_ACCOUNT, WRONG_PER_ADDRESS
from headway.accounts.errors import EmailTaken, LastAdmin, TooManyAttempts, WrongCredentials, WrongPassword
from headway.accounts.models import ApiToken, User
from headway.accounts.service import AccountService
from headway.audit import queries
from headway.audit.log import By
from headway.audit.models import AuditEntry
from headway.kit.actor import Actor
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, bearer

ADA, BOB = "ada@example.org", "bob@example.org"
ROOT = By("local:root")
HERE, ELSEWHERE = "192.0.2.1", "2001:db8:1:2:3::4"

Deed = Callable[[AccountService, str], Awaitable[object]]
DEEDS: dict[str, tuple[Deed, dict[str, object]]] = {
    "user.set_role": (lambda service, _bob: service.set_role(BOB, "admin", by=ROOT), {"role": "admin"}),
    "user.disable": (lambda service, _bob: service.disable_user(BOB, by=ROOT), {}),
    "user.enable": (lambda service, _bob: service.enable_user(BOB, by=ROOT), {}),
    "user.set_password": (
        lambda service, _bob: service.set_password(BOB, "battery staple", revoke_tokens=True, by=ROOT),
        {"revoke_tokens": True},
    ),
    "user.change_password": (
        lambda service, bob: service.change_password(By(bob, HERE), PASSWORD, "battery staple"),
        {"revoke_tokens": False},
    ),
}


async def entries(database: Database) -> Sequence[AuditEntry]:
    """Return all of them, the newest first."""
    async with database.read() as session:
        return await queries.list_newest_first(session, {}, None, 100)


def told(entry: AuditEntry) -> tuple[str, str, str, str, str]:
    return entry.actor, entry.action, entry.target_type, entry.target, entry.result


@pytest.fixture
async def bob(service: AccountService, clock: FakeClock) -> str:
    """Somebody whom an administrator had added a moment ago."""
    await service.add_user(ADA, PASSWORD, "admin", by=ROOT)
    clock.advance(1)
    user = await service.add_user(BOB, PASSWORD, by=ROOT)
    clock.advance(1)
    return str(user.id)


async def test_whoever_was_added_is_known_by_id_and_role(database: Database, bob: str) -> None:
    added, _ada = await entries(database)
    assert told(added) == ("local:root", "user.create", "user", bob, "done")
    assert added.details == {"role": "user"}


async def test_the_first_administrator_is_made_by_nobody_in_particular(
    service: AccountService, database: Database
) -> None:
    await service.ensure_first_admin(ADA, PASSWORD)
    await service.ensure_first_admin(ADA, PASSWORD)
    (made,) = await entries(database)
    assert (made.actor, made.action, made.details) == ("headway", "user.create", {"role": "admin"})


@pytest.mark.parametrize("action", DEEDS)
async def test_a_deed_leaves_one_entry(service: AccountService, database: Database, bob: str, action: str) -> None:
    do, details = DEEDS[action]
    await do(service, bob)
    made, *before = await entries(database)
    assert len(before) == 2
    actor, address = (bob, HERE) if action == "user.change_password" else (ROOT.actor, None)
    assert told(made) == (actor, action, "user", bob, "done")
    assert (made.address, made.details) == (address, details)


@pytest.mark.parametrize("action", DEEDS)
async def test_a_deed_whose_entry_cannot_be_written_is_not_done(
    service: AccountService, database: Database, bob: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_session: object, _entry: object) -> None:
        raise OperationalError("insert", {}, Exception("the disk is full"))

    monkeypatch.setattr(queries, "insert", full)
    async with database.read() as session:
        before = (await session.execute(sa.select(User.__table__))).all()
    with pytest.raises(OperationalError):
        await DEEDS[action][0](service, bob)
    async with database.read() as session:
        assert (await session.execute(sa.select(User.__table__))).all() == before


async def test_erasing_keeps_what_was_done_and_forgets_from_where(
    service: AccountService, database: Database, clock: FakeClock, bob: str
) -> None:
    await service.change_password(By(bob, HERE), PASSWORD, "battery staple")
    for _ in range(WRONG_PER_ACCOUNT):
        with pytest.raises(WrongCredentials):
            await service.sign_in(BOB, PASSWORD, ELSEWHERE)
    clock.advance(1)
    erasing = await service.begin_erasing(BOB, by=By("an administrator", HERE))
    begun, *_ = await entries(database)
    assert told(begun) == ("an administrator", "user.delete", "user", bob, "begun")
    async with database.write() as session:
        await service.erase_user_in(session, erasing, datasets=2, files=3)
    erased, *before = await entries(database)
    assert told(erased) == ("an administrator", "user.delete", "user", bob, "done")
    assert (erased.address, erased.details) == (HERE, {"datasets": 2, "files": 3})
    assert {entry.action for entry in before} == {"user.create", "user.change_password", "user.lock_out"}
    assert {entry.address for entry in before} == {None}


async def test_a_refusal_leaves_an_entry_too(service: AccountService, database: Database, bob: str) -> None:
    for deed, refusal in (
        (lambda: service.set_role(ADA, "user", by=ROOT), LastAdmin),
        (lambda: service.disable_user(ADA, by=ROOT), LastAdmin),
        (lambda: service.begin_erasing(ADA, by=ROOT), LastAdmin),
        (lambda: service.change_password(By(bob, HERE), "wrong", "battery staple"), WrongPassword),
    ):
        with pytest.raises(refusal):
            await deed()
    async with database.read() as session:
        refused = sa.select(AuditEntry.action, AuditEntry.result).where(AuditEntry.result != "done")
        found = [tuple(row) for row in (await session.execute(refused)).all()]
    assert sorted(found) == [
        ("user.change_password", "auth.wrong_password"),
        ("user.delete", "users.last_admin"),
        ("user.disable", "users.last_admin"),
        ("user.set_role", "users.last_admin"),
    ]


@pytest.mark.usefixtures("bob")
async def test_a_user_who_is_not_added_leaves_none(service: AccountService, database: Database) -> None:
    with pytest.raises(EmailTaken):
        await service.add_user(BOB, PASSWORD, by=ROOT)
    assert len(await entries(database)) == 2


async def test_tokens_are_known_by_id_and_scopes(
    service: AccountService, database: Database, clock: FakeClock, bob: str
) -> None:
    made = await service.api_tokens.create(Actor(bob), "nightly", ["jobs:read"], by=By(bob, HERE, "request-7"))
    clock.advance(1)
    await service.api_tokens.revoke(bob, made.id, by=By(bob, HERE))
    revoked, created, *_others = await entries(database)
    for entry, action in ((created, "token.create"), (revoked, "token.revoke")):
        assert told(entry) == (bob, action, "token", str(made.id), "done")
        assert entry.address == HERE
    assert (created.details, created.request_id) == ({"scopes": ["jobs:read"]}, "request-7")
    assert made.token not in str(vars(created))
    async with database.read() as session:
        assert (await session.execute(sa.select(ApiToken))).all() == []


async def test_a_lock_out_is_told_once_and_by_whom_it_was_not_known(
    service: AccountService, database: Database, bob: str
) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        with pytest.raises(WrongCredentials):
            await service.sign_in(BOB, "wrong", ELSEWHERE)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            await service.sign_in(BOB, PASSWORD, ELSEWHERE)
    locked, *before = await entries(database)
    assert len(before) == 2
    assert told(locked) == ("headway", "user.lock_out", "user", bob, "done")
    assert (locked.address, locked.details) == ("2001:db8:1:2::", {"seconds": 300, "of": "one account"})


async def test_a_lock_out_keeps_nothing_of_what_was_typed(
    service: AccountService, database: Database, clock: FakeClock
) -> None:
    """People type passwords into the wrong field."""
    for number in range(WRONG_PER_ADDRESS):
        clock.advance(1)
        with pytest.raises(WrongCredentials):
            await service.sign_in(f"hunter{number // WRONG_PER_ACCOUNT}", "wrong", HERE)
    found = await entries(database)
    assert {told(entry) for entry in found} == {("headway", "user.lock_out", "address", HERE, "done")}
    of = [entry.details["of"] for entry in found]
    assert (of.count("one account"), of.count("everybody")) == (WRONG_PER_ADDRESS // WRONG_PER_ACCOUNT, 1)
    assert "hunter" not in "".join(str(vars(entry)) for entry in found)


async def test_over_http_the_address_and_the_administrator_are_known(
    service: AccountService, database: Database, api: httpx.AsyncClient
) -> None:
    admin = await service.add_user(ADA, PASSWORD, "admin", by=ROOT)
    new = {"email": BOB, "password": PASSWORD, "role": "user"}
    answer = await api.post("/users", json=new, headers=await bearer(service, ADA))
    assert answer.status_code == 201
    added = next(entry for entry in await entries(database) if entry.target == answer.json()["id"])
    assert (added.actor, added.address, added.action) == (str(admin.id), "192.0.2.1", "user.create")
