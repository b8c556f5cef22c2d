"""Users come and go, and what was issued to them ends when it should."""

from __future__ import annotations

import asyncio
import logging

import pytest
import sqlalchemy as sa

from headway.accounts.errors import (
    AccountDisabled,
    EmailTaken,
    InvalidToken,
    LastAdmin,
    SessionEnded,
    TooManyAttempts,
    UserNotFound,
    WeakPassword,
    WrongCredentials,
    WrongPassword,
)
from headway.accounts.models import User, UserSession
from headway.accounts.service import AccountService
from headway.audit.log import By
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, SESSION_SECONDS, make_service

ADA = "ada@example.org"
HOME = "192.0.2.1"


async def count(database: Database, table: type[User | UserSession]) -> int:
    async with database.read() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


@pytest.fixture
async def ada(service: AccountService) -> User:
    return await service.add_user(ADA, PASSWORD, "admin")


# The first administrator


async def test_the_first_admin_can_sign_in_with_the_given_password(service: AccountService) -> None:
    assert await service.ensure_first_admin(ADA, PASSWORD) is None
    assert (await service.sign_in(ADA, PASSWORD, HOME)).role == "admin"


async def test_a_password_is_generated_and_said_once(service: AccountService) -> None:
    generated = await service.ensure_first_admin("admin@localhost", "")
    assert generated
    assert (await service.sign_in("admin@localhost", generated, HOME)).role == "admin"
    assert await service.ensure_first_admin("admin@localhost", "") is None


async def test_whoever_has_users_gets_no_other_admin(service: AccountService, database: Database) -> None:
    await service.add_user("somebody@example.org", PASSWORD)
    assert await service.ensure_first_admin(ADA, PASSWORD) is None
    assert await count(database, User) == 1


async def test_a_weak_first_password_makes_nobody(service: AccountService, database: Database) -> None:
    with pytest.raises(WeakPassword):
        await service.ensure_first_admin(ADA, "short")
    assert await count(database, User) == 0


async def test_of_processes_that_start_together_one_makes_the_admin(database: Database, clock: FakeClock) -> None:
    # A database object each, as processes have; an e-mail each, so that no unique constraint helps.
    databases = [Database(database.sync_url) for _ in range(5)]
    try:
        made = await asyncio.gather(
            *(
                make_service(own, clock).ensure_first_admin(f"admin{number}@localhost", "")
                for number, own in enumerate(databases)
            )
        )
    finally:
        for own in databases:
            await own.close()
    assert sum(password is not None for password in made) == 1
    assert await count(database, User) == 1


# Users


async def test_an_email_is_taken_in_every_spelling(service: AccountService, ada: User, database: Database) -> None:
    with pytest.raises(EmailTaken):
        await service.add_user(f" {ada.email.upper()} ", PASSWORD)
    assert await count(database, User) == 1


async def test_pages_of_users_hold_each_once_newest_first(service: AccountService, clock: FakeClock) -> None:
    for number in range(7):
        await service.add_user(f"user{number}@example.org", PASSWORD)
        # Some are made in the same moment.
        clock.advance(number % 2)
    seen, cursor = [], None
    while True:
        page = await service.list_users(limit=3, cursor=cursor)
        assert len(page.items) <= 3
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len({user.id for user in seen}) == 7
    assert seen == sorted(seen, key=lambda user: (user.created_at, user.id), reverse=True)


@pytest.mark.usefixtures("ada")
async def test_a_full_last_page_names_no_next_one(service: AccountService) -> None:
    assert (await service.list_users(limit=1)).next_cursor is None


async def test_unknown_users_are_not_found(service: AccountService) -> None:
    for call in (service.disable_user(ADA), service.enable_user(ADA), service.set_password(ADA, PASSWORD)):
        with pytest.raises(UserNotFound):
            await call


# Signing in


async def test_signing_in_takes_every_spelling_of_the_email(service: AccountService, ada: User) -> None:
    assert (await service.sign_in(" ADA@Example.org", PASSWORD, HOME)).id == ada.id


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "email", [ADA, "nobody@example.org", "", "no address", "nul\0@example.org", "\ud800@b"], ids=ascii
)
async def test_wrong_and_unknown_get_the_same_answer(service: AccountService, email: str) -> None:
    with pytest.raises(WrongCredentials) as refused:
        await service.sign_in(email, "wrong horse", HOME)
    assert refused.value.problem() == WrongCredentials().problem()


async def test_an_unknown_user_is_hashed_for_too(service: AccountService, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    async def verify(_password: str, password_hash: str | None) -> bool:
        asked.append(password_hash)
        return False

    monkeypatch.setattr(service._passwords, "verify", verify)
    with pytest.raises(WrongCredentials):
        await service.sign_in("nobody@example.org", PASSWORD, HOME)
    assert asked == [None]


async def test_too_many_are_refused_before_anything_is_hashed(
    service: AccountService, ada: User, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await service.sign_in(ADA, "wrong horse", HOME)
    with monkeypatch.context() as patched:
        patched.setattr(service._passwords, "verify", lambda *_: pytest.fail("hashed"))
        with pytest.raises(TooManyAttempts):
            await service.sign_in(ADA.upper(), PASSWORD, HOME)
    clock.advance(300)
    assert (await service.sign_in(ADA, PASSWORD, HOME)).id == ada.id


async def test_neither_passwords_nor_hashes_are_logged(
    service: AccountService, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(WrongCredentials):
        await service.sign_in(ADA, "wrong horse", HOME)
    logged = "".join(str(record.__dict__) for record in caplog.records if record.name.startswith("headway"))
    assert "sign-in refused" in logged
    assert "wrong horse" not in logged
    assert ada.password_hash not in logged


# What ends a token and a session


async def test_disabling_ends_everything_at_once_and_enabling_revives_nothing(
    service: AccountService, ada: User
) -> None:
    bob = await service.add_user("bob@example.org", PASSWORD)
    token, session = service.issue_token(bob), await service.open_session(bob)
    await service.disable_user(bob.email)
    with pytest.raises(AccountDisabled):
        await service.verify_token(token)
    with pytest.raises(SessionEnded):
        await service.actor_for_session(session)
    with pytest.raises(AccountDisabled):
        await service.sign_in(bob.email, PASSWORD, HOME)
    with pytest.raises(WrongCredentials):
        await service.sign_in(bob.email, "wrong horse", HOME)
    await service.enable_user(bob.email)
    with pytest.raises(InvalidToken):
        await service.verify_token(token)
    with pytest.raises(SessionEnded):
        await service.actor_for_session(session)
    await service.sign_in(bob.email, PASSWORD, HOME)
    assert await service.verify_token(service.issue_token(ada))


@pytest.mark.usefixtures("ada")
async def test_the_last_admin_stays(service: AccountService) -> None:
    await service.add_user("bob@example.org", PASSWORD, "user")
    with pytest.raises(LastAdmin):
        await service.disable_user(ADA)
    await service.add_user("carol@example.org", PASSWORD, "admin")
    await service.disable_user(ADA)
    with pytest.raises(LastAdmin):
        await service.disable_user("carol@example.org")


@pytest.mark.usefixtures("ada")
async def test_of_two_admins_that_disable_each_other_one_stays(service: AccountService) -> None:
    await service.add_user("carol@example.org", PASSWORD, "admin")
    ended = await asyncio.gather(
        service.disable_user(ADA), service.disable_user("carol@example.org"), return_exceptions=True
    )
    assert sum(isinstance(answer, LastAdmin) for answer in ended) == 1


@pytest.mark.parametrize("seconds", [0, 0.4, 1, 100])
async def test_a_new_password_ends_what_was_issued_before_and_nothing_after(
    service: AccountService, ada: User, clock: FakeClock, seconds: float
) -> None:
    # Several changes within one second of `iat`, which could not tell them apart.
    clock.advance(0.1)
    issued = []
    for number in range(3):
        before = await service.sign_in(ADA, PASSWORD if number == 0 else f"password {number}", HOME)
        issued.append((service.issue_token(before), await service.open_session(before)))
        clock.advance(seconds)
        after = await service.change_password(
            By(str(ada.id), HOME), PASSWORD if number == 0 else f"password {number}", f"password {number + 1}"
        )
        for token, session in issued:
            with pytest.raises(InvalidToken):
                await service.verify_token(token)
            with pytest.raises(SessionEnded):
                await service.actor_for_session(session)
        assert (await service.verify_token(service.issue_token(after))).owner == str(ada.id)
        assert (await service.actor_for_session(await service.open_session(after))).owner == str(ada.id)
    with pytest.raises(WrongCredentials):
        await service.sign_in(ADA, PASSWORD, HOME)


@pytest.mark.usefixtures("ada")
async def test_who_signed_in_before_a_change_cannot_open_a_session_after_it(
    service: AccountService, database: Database
) -> None:
    early = await service.sign_in(ADA, PASSWORD, HOME)
    await service.set_password(ADA, "new password")
    with pytest.raises(WrongCredentials):
        await service.open_session(early)
    with pytest.raises(InvalidToken):
        await service.verify_token(service.issue_token(early))
    assert await count(database, UserSession) == 0


async def test_a_password_set_by_an_administrator_works_and_says_when(
    service: AccountService, ada: User, clock: FakeClock
) -> None:
    clock.advance(60)
    await service.set_password(ADA, "new password")
    user = await service.sign_in(ADA, "new password", HOME)
    assert (user.password_changed_at, user.created_at) == (clock.now(), ada.created_at)


async def test_the_present_password_is_needed_and_guesses_are_counted(service: AccountService, ada: User) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await service.change_password(By(str(ada.id), HOME), "wrong horse", "new password")
    with pytest.raises(TooManyAttempts):
        await service.change_password(By(str(ada.id), HOME), PASSWORD, "new password")
    await service.sign_in(ADA, PASSWORD, "192.0.2.2")


async def test_of_two_changes_at_once_one_counts(service: AccountService, ada: User) -> None:
    ended = await asyncio.gather(
        *(service.change_password(By(str(ada.id), HOME), PASSWORD, f"password {number}") for number in range(2)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, WrongPassword) for answer in ended) == 1


async def test_a_weak_new_password_changes_nothing(service: AccountService, ada: User) -> None:
    with pytest.raises(WeakPassword):
        await service.change_password(By(str(ada.id), HOME), PASSWORD, "short")
    await service.sign_in(ADA, PASSWORD, HOME)


async def test_an_actor_of_a_host_has_no_password_here(service: AccountService) -> None:
    with pytest.raises(UserNotFound):
        await service.change_password(By("host-user-7", HOME), PASSWORD, "new password")


# Sessions


async def test_a_session_ends_by_our_clock_and_its_row_goes(
    service: AccountService, ada: User, clock: FakeClock, database: Database
) -> None:
    session = await service.open_session(ada)
    clock.advance(SESSION_SECONDS - 1)
    assert (await service.actor_for_session(session)).owner == str(ada.id)
    clock.advance(1)
    with pytest.raises(SessionEnded):
        await service.actor_for_session(session)
    await service.open_session(ada)
    assert await count(database, UserSession) == 1


async def test_a_closed_session_ends_alone(service: AccountService, ada: User) -> None:
    closed, other = await service.open_session(ada), await service.open_session(ada)
    await service.close_session(closed)
    await service.close_session(closed)
    with pytest.raises(SessionEnded):
        await service.actor_for_session(closed)
    await service.actor_for_session(other)


async def test_the_table_of_sessions_opens_no_door(service: AccountService, ada: User, database: Database) -> None:
    token = await service.open_session(ada)
    async with database.read() as session:
        row = (await session.execute(sa.select(UserSession))).scalar_one()
    assert token not in str(row.__dict__)
    for stored in (row.token_hash, str(row.id), row.id.hex):
        with pytest.raises(SessionEnded):
            await service.actor_for_session(stored)
