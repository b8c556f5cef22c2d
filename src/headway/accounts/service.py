"""Everything that can be done with accounts: making users, proving who one is, and ending it."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Collection, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.accounts import queries
from headway.accounts.api_tokens import ApiTokens, is_api_token
from headway.accounts.attempts import WINDOW_SECONDS, AttemptLimiter
from headway.accounts.callers import actor_of, digest_of, enabled, user_id_of
from headway.accounts.emails import check_email, normalize_email
from headway.accounts.errors import (
    EmailTaken,
    InvalidEmail,
    InvalidToken,
    LastAdmin,
    SessionEnded,
    UserNotFound,
    WrongCredentials,
    WrongPassword,
)
from headway.accounts.lookups import CallerLookups
from headway.accounts.models import User, UserSession
from headway.accounts.passwords import PasswordHasher, check_password, generate_password
from headway.accounts.schemas import Role, UserResponse
from headway.accounts.standing import SessionProof, SignedProof, ended_proofs
from headway.accounts.tokens import Claims, TokenSigner
from headway.audit.log import (
    BEGUN,
    HEADWAY,
    Action,
    By,
    Target,
    complete,
    forget_addresses_in,
    noting_refusals,
    record,
)
from headway.kit.actor import Actor
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.logs import remembered
from headway.kit.pagination import Page, decode_cursor, encode_cursor

log = logging.getLogger(__name__)

Named = str | UUID
"""A user by e-mail, as people at a command line say it, or by id."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """A user who is being erased, and the entry of the audit that tells of it."""

    user_id: UUID
    entry_id: UUID


class AccountService:
    """Users, their passwords, tokens and sessions. Every method is a transaction of its own.

    Who changes something is said as `by`, and stands in the audit.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        jwt_secret: str,
        token_lifetime_seconds: int,
        session_lifetime_seconds: int,
        passwords: PasswordHasher | None = None,
    ) -> None:
        self.token_lifetime_seconds = token_lifetime_seconds
        self.session_lifetime_seconds = session_lifetime_seconds
        callers = CallerLookups(database, clock)
        self.api_tokens = ApiTokens(database, clock, callers)
        self._database = database
        self._clock = clock
        self._passwords = passwords or PasswordHasher()
        self._attempts = AttemptLimiter(clock, self._note_lock_out)
        self._signer = TokenSigner(jwt_secret, token_lifetime_seconds, clock)
        self._callers = callers

    # Users

    async def ensure_first_admin(self, email: str, password: str) -> str | None:
        """Make the first administrator if there is no user at all; of processes that try at once, one succeeds.

        Returns the password if none was given and this call generated it, for showing once.
        """
        async with self._database.read() as session:
            if await queries.any_user(session):
                return None
        chosen = password or generate_password()
        user = await self._new_user(email, chosen, "admin")
        async with self._database.write() as session:
            await queries.lock_admins(session)
            if await queries.any_user(session):
                return None
            session.add(user)
            await self._note(session, HEADWAY, "user.create", user.id, role=user.role)
        return None if password else chosen

    async def add_user(self, email: str, password: str, role: Role = "user", *, by: By = HEADWAY) -> User:
        user = await self._new_user(email, password, role)
        try:
            async with self._database.write() as session:
                session.add(user)
                await self._note(session, by, "user.create", user.id, role=role)
        except IntegrityError as error:
            raise EmailTaken(f"{user.email} is the e-mail of another user.") from error
        return user

    async def list_users(self, *, limit: int = 50, cursor: str | None = None) -> Page[UserResponse]:
        """Return one page of all users, newest first."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            found = await queries.list_newest_first(session, after, limit + 1)
        shown = found[:limit]
        next_cursor = encode_cursor(shown[-1].created_at, shown[-1].id) if len(found) > limit else None
        return Page(items=[UserResponse.model_validate(user) for user in shown], next_cursor=next_cursor)

    async def get_user(self, named: Named) -> User:
        """Return a user. Raises `UserNotFound`."""
        async with self._database.read() as session:
            return await _get(session, named)

    async def set_role(self, named: Named, role: Role, *, by: By = HEADWAY) -> None:
        """Make a user an administrator, or one no longer, from their next request on. Raises `LastAdmin`."""
        async with self._changing(named, by, "user.set_role") as (session, user):
            if role != "admin":
                await _refuse_last_admin(session, user)
            await queries.set_role(session, user.id, role)
            await self._note(session, by, "user.set_role", user.id, role=role)

    async def disable_user(self, named: Named, *, by: By = HEADWAY) -> None:
        """Stop a user from signing in, and end every token and session of theirs at once. Raises `LastAdmin`."""
        async with self._changing(named, by, "user.disable") as (session, user):
            await _refuse_last_admin(session, user)
            await queries.disable(session, user.id, self._clock.now())
            await self._note(session, by, "user.disable", user.id)

    async def enable_user(self, named: Named, *, by: By = HEADWAY) -> None:
        """Let a user sign in again; what ended when they were disabled stays ended."""
        async with self._changing(named, by, "user.enable") as (session, user):
            await queries.enable(session, user.id)
            await self._note(session, by, "user.enable", user.id)

    async def emails_of(self, owners: Collection[str]) -> dict[str, str]:
        """Return the e-mails of those of these owners who have an account here."""
        ids = []
        for owner in owners:
            with contextlib.suppress(UserNotFound):
                ids.append(user_id_of(owner))
        async with self._database.read() as session:
            return {str(row[0]): row[1] for row in await queries.list_emails(session, ids)}

    async def may_sign_in(self, owner: str) -> bool:
        """Say whether there is a user of that name still, and not a disabled one."""
        async with self._database.read() as session:
            user = await queries.find_by_id(session, user_id_of(owner))
        return user is not None and user.disabled_at is None

    async def begin_erasing(self, named: Named, *, by: By = HEADWAY) -> Erasing:
        """Let nobody in as this user any more, who is to be deleted with everything. Raises `LastAdmin`.

        The audit says that it has begun; if it is broken off, the user stays disabled.
        """
        async with self._changing(named, by, "user.delete") as (session, user):
            await _refuse_last_admin(session, user)
            await queries.disable(session, user.id, self._clock.now())
            entry_id = await record(session, self._clock, by, "user.delete", Target("user", str(user.id)), result=BEGUN)
        return Erasing(user.id, entry_id)

    async def erase_user_in(self, session: AsyncSession, erasing: Erasing, **erased: int) -> None:
        """Delete a user with everything that lets them in. Raises `LastAdmin`.

        The audit keeps how much of what is `erased` with them, and no longer from where they did things.
        """
        await queries.lock_admins(session)
        await _refuse_last_admin(session, await _get(session, erasing.user_id))
        await queries.delete_user(session, erasing.user_id)
        await complete(session, erasing.entry_id, **erased)
        await forget_addresses_in(session, str(erasing.user_id))

    async def set_password(self, named: Named, password: str, *, revoke_tokens: bool = False, by: By = HEADWAY) -> None:
        """Give a user a new password, as an administrator does; ends what they signed in with the old one.

        Their API tokens stay valid unless `revoke_tokens` says otherwise.
        """
        check_password(password)
        password_hash = await self._passwords.hash(password)
        async with self._database.write() as session:
            user = await _get(session, named, lock=True)
            await queries.replace_password(session, user.id, user.credentials_version, password_hash, self._clock.now())
            if revoke_tokens:
                await queries.revoke_api_tokens(session, user.id)
            await self._note(session, by, "user.set_password", user.id, revoke_tokens=revoke_tokens)

    async def change_password(self, by: By, current: str, new: str, *, revoke_tokens: bool = False) -> User:
        """Change the caller's own password; ends what was signed in with the old one, the caller included.

        API tokens stay valid unless `revoke_tokens` says otherwise.
        """
        check_password(new)
        user = await self._get_by_owner(by.actor)
        action: Action = "user.change_password"
        async with (
            self._attempts.attempt(user.email, by.address or "unknown"),
            # Within the attempt: who tries too often leaves one entry for the lock-out, and not one for each try.
            noting_refusals(self._database, self._clock, by, action, Target("user", by.actor)),
        ):
            if not await self._passwords.verify(current, user.password_hash):
                raise WrongPassword
        password_hash = await self._passwords.hash(new)
        async with self._database.write() as session:
            replaced = await queries.replace_password(
                session, user.id, user.credentials_version, password_hash, self._clock.now()
            )
            if not replaced:
                raise WrongPassword("The password was changed by another request a moment ago.")
            if revoke_tokens:
                await queries.revoke_api_tokens(session, user.id)
            await self._note(session, by, action, user.id, revoke_tokens=revoke_tokens)
        return await self._get_by_owner(by.actor)

    # Proving who one is

    async def sign_in(self, email: str, password: str, client_address: str) -> User:
        """Return whose e-mail and password these are.

        Raises `WrongCredentials`, `AccountDisabled` (only to who knows the password) or `TooManyAttempts`.
        """
        name = normalize_email(email)
        async with self._attempts.attempt(name, client_address):
            user = await self._find_by_email(email)
            # Hashes for an unknown user too: the time it takes must not tell who has an account.
            if not await self._passwords.verify(password, user.password_hash if user else None) or user is None:
                log.info("sign-in refused", extra={"client_address": client_address, "user_id": user and str(user.id)})
                raise WrongCredentials
        return enabled(user)

    def issue_token(self, user: User) -> str:
        """Return an access token for somebody who has just signed in."""
        return self._signer.issue(Claims(user.id, user.credentials_version))

    async def issue_job_token(self, owner: str, scopes: Collection[str], lifetime_seconds: int) -> tuple[str, datetime]:
        """Return a token that may do no more than these scopes say, and when it expires."""
        user = await self._get_by_owner(owner)
        claims = Claims(user.id, user.credentials_version, frozenset(scopes))
        return self._signer.issue_for_jobs(claims, lifetime_seconds)

    async def verify_token(self, token: str) -> Actor:
        """Return whose token this is and what it may do; raises `InvalidToken`, `ExpiredToken` or `AccountDisabled`."""
        if is_api_token(token):
            return await self.api_tokens.verify(token)
        claims = self._signer.read(token)
        user = await self._callers.users.find(claims.user_id)
        if user is None:
            raise InvalidToken
        if claims.credentials_version != enabled(user).credentials_version:
            raise InvalidToken("The token was issued before the password was changed or the account was disabled.")
        proof = SignedProof(user.id, user.credentials_version)
        return actor_of(user, proof, claims.expires_at, claims.scopes)

    async def open_session(self, user: User) -> str:
        """Keep a browser signed in; returns what its cookie holds, which is stored nowhere.

        Raises `WrongCredentials` if the password was changed since `user` signed in.
        """
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        async with self._database.write() as session:
            await queries.forget_expired_sessions(session, now)
            present = await queries.find_by_id(session, user.id, lock=True)
            if present is None or present.credentials_version != user.credentials_version:
                raise WrongCredentials
            session.add(self._new_session(user.id, token, now))
        return token

    async def close_session(self, token: str) -> None:
        """End the session with this cookie, if there is one."""
        async with self._database.write() as session:
            await queries.end_session(session, digest_of(token))

    async def actor_for_session(self, token: str) -> Actor:
        """Return whose session cookie this is; raises `SessionEnded` or `AccountDisabled`."""
        proof = SessionProof(digest_of(token))
        found = await self._callers.sessions.find(proof.token_hash)
        if found is None:
            raise SessionEnded
        user, expires_at = found
        return actor_of(enabled(user), proof, expires_at)

    async def ended_proofs(self, proofs: Collection[Hashable]) -> set[Hashable]:
        """Return which of the proofs of actors open nothing any more, whatever ended them."""
        return await ended_proofs(self._database, self._clock, proofs)

    # Details

    async def _new_user(self, email: str, password: str, role: Role) -> User:
        normal = check_email(email)
        check_password(password)
        password_hash = await self._passwords.hash(password)
        now = self._clock.now()
        return User(
            id=uuid4(),
            email=normal,
            password_hash=password_hash,
            role=role,
            credentials_version=0,
            disabled_at=None,
            created_at=now,
            password_changed_at=now,
        )

    @contextlib.asynccontextmanager
    async def _changing(self, named: Named, by: By, action: Action) -> AsyncIterator[tuple[AsyncSession, User]]:
        """Open a transaction on a user, with the number of administrators in hand; a refusal is noted."""
        target = Target("user", str((await self.get_user(named)).id))
        async with (
            noting_refusals(self._database, self._clock, by, action, target),
            self._database.write() as session,
        ):
            await queries.lock_admins(session)
            yield session, await _get(session, named)

    async def _note(self, session: AsyncSession, by: By, action: Action, user_id: UUID, **details: Any) -> None:
        await record(session, self._clock, by, action, Target("user", str(user_id)), **details)

    async def _note_lock_out(self, email: str | None, network: str) -> None:
        """Note that nobody may try to sign in from a network for a while: as one user, or at all.

        An e-mail that is no user's is not kept: it may be a password in the wrong field.
        """
        user = await self._find_by_email(email) if email is not None else None
        target = Target("user", str(user.id)) if user else Target("address", network)
        by = By(HEADWAY.actor, network, remembered("request_id"))
        async with self._database.write() as session:
            await record(
                session, self._clock, by, "user.lock_out", target,
                seconds=WINDOW_SECONDS, of="everybody" if email is None else "one account",
            )  # fmt: skip

    def _new_session(self, user_id: UUID, token: str, now: datetime) -> UserSession:
        return UserSession(
            id=uuid4(),
            token_hash=digest_of(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + timedelta(seconds=self.session_lifetime_seconds),
        )

    async def _get_by_owner(self, owner: str) -> User:
        return await self.get_user(user_id_of(owner))

    async def _find_by_email(self, email: str) -> User | None:
        with contextlib.suppress(InvalidEmail):
            async with self._database.read() as session:
                return await queries.find_by_email(session, check_email(email))
        return None


async def _get(session: AsyncSession, named: Named, *, lock: bool = False) -> User:
    if isinstance(named, UUID):
        user = await queries.find_by_id(session, named, lock=lock)
    else:
        user = await queries.find_by_email(session, check_email(named), lock=lock)
    if user is None:
        raise UserNotFound("No user has this id." if isinstance(named, UUID) else f"No user has the e-mail {named!r}.")
    return user


async def _refuse_last_admin(session: AsyncSession, user: User) -> None:
    if user.role == "admin" and not await queries.has_other_admin(session, user.id):
        raise LastAdmin(f"Without {user.email} nobody could administer this service.")
