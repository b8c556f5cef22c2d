"""Every statement on the tables of accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.accounts.models import ApiToken, User, UserSession
from headway.kit.pagination import Position, behind
from headway.kit.tally import Tally, tally_rows

_ADMINS_LOCK = 0x61646D696E
"""The letters of "admin"."""

_BY_IDS = sa.select(User).where(User.id.in_(sa.bindparam("ids", expanding=True)))
"""Asked for with every request, and therefore made once."""


async def lock_admins(session: AsyncSession) -> None:
    """Let one transaction at a time decide by how many users or administrators there are.

    On SQLite every writing transaction is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADMINS_LOCK)))


async def any_user(session: AsyncSession) -> bool:
    return (await session.execute(sa.select(User.id).limit(1))).first() is not None


async def find_by_id(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    return await _find(session, User.id == user_id, lock=lock)


async def list_by_ids(session: AsyncSession, user_ids: Collection[UUID]) -> Sequence[User]:
    return (await session.execute(_BY_IDS, {"ids": list(user_ids)})).scalars().all()


async def list_emails(session: AsyncSession, user_ids: Collection[UUID]) -> Sequence[sa.Row[UUID, str]]:
    statement: sa.Select[UUID, str] = sa.select(User.id, User.email).where(User.id.in_(user_ids))
    return (await session.execute(statement)).all()


async def find_by_email(session: AsyncSession, email: str, *, lock: bool = False) -> User | None:
    """Return the user with this normalised e-mail."""
    return await _find(session, User.email == email, lock=lock)


async def _find(session: AsyncSession, condition: ColumnElement[bool], *, lock: bool) -> User | None:
    """Return the one user; with `lock` nobody else changes it until the transaction ends."""
    statement = sa.select(User).where(condition)
    if lock:
        # Means nothing on SQLite, where a writing transaction is alone.
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def has_other_admin(session: AsyncSession, user_id: UUID) -> bool:
    """Tell whether anybody but this user is an administrator who can sign in."""
    statement = sa.select(User.id).where(User.role == "admin", User.disabled_at.is_(None), User.id != user_id)
    return (await session.execute(statement.limit(1))).first() is not None


async def list_newest_first(session: AsyncSession, after: Position | None, limit: int) -> Sequence[User]:
    statement = sa.select(User).where(*behind(User.created_at, User.id, after))
    statement = statement.order_by(User.created_at.desc(), User.id.desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def replace_password(
    session: AsyncSession, user_id: UUID, version: int, password_hash: str, now: datetime
) -> bool:
    """Set a new password if the credentials are still those of `version`; end all that was issued before."""
    changed = await session.execute(
        sa.update(User)
        .where(User.id == user_id, User.credentials_version == version)
        .values(password_hash=password_hash, password_changed_at=now, credentials_version=version + 1)
        .returning(User.id)
    )
    if changed.first() is None:
        return False
    await end_sessions(session, user_id)
    return True


async def disable(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Disable for good what was issued so far; enabling the account later revives none of it."""
    await session.execute(
        sa.update(User)
        .where(User.id == user_id, User.disabled_at.is_(None))
        .values(disabled_at=now, credentials_version=User.credentials_version + 1)
    )
    await end_sessions(session, user_id)
    await revoke_api_tokens(session, user_id)


async def delete_user(session: AsyncSession, user_id: UUID) -> None:
    """Delete a user and, by their foreign keys, everything that signs them in."""
    await session.execute(sa.delete(User).where(User.id == user_id))


async def set_role(session: AsyncSession, user_id: UUID, role: str) -> None:
    await session.execute(sa.update(User).where(User.id == user_id).values(role=role))


async def enable(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(sa.update(User).where(User.id == user_id).values(disabled_at=None))


async def end_sessions(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(sa.delete(UserSession).where(UserSession.user_id == user_id))


async def end_session(session: AsyncSession, token_hash: str) -> None:
    await session.execute(sa.delete(UserSession).where(UserSession.token_hash == token_hash))


async def forget_expired_sessions(session: AsyncSession, now: datetime) -> None:
    await session.execute(sa.delete(UserSession).where(UserSession.expires_at <= now))


async def list_session_users(
    session: AsyncSession, token_hashes: Collection[str], now: datetime
) -> dict[str, tuple[User, datetime]]:
    """Return of each of these hashes that a live session has whose that is, and when it ends."""
    statement = (
        sa.select(UserSession.token_hash, User, UserSession.expires_at)
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.token_hash.in_(token_hashes), UserSession.expires_at > now)
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(statement)}


async def list_valid_versions(
    session: AsyncSession, user_ids: Collection[UUID], _now: datetime
) -> Sequence[sa.Row[UUID, int]]:
    """Return those of the users who can sign in, each with the version that their signed tokens must have."""
    enabled = sa.select(User.id, User.credentials_version).where(User.id.in_(user_ids), User.disabled_at.is_(None))
    return (await session.execute(enabled)).all()


async def list_open_sessions(session: AsyncSession, hashes: Collection[str], now: datetime) -> Sequence[sa.Row[str]]:
    """Return those of the hashes whose sessions are open."""
    is_open = sa.and_(UserSession.token_hash.in_(hashes), UserSession.expires_at > now)
    return (await session.execute(sa.select(UserSession.token_hash).where(is_open))).all()


async def list_valid_api_tokens(
    session: AsyncSession, token_ids: Collection[UUID], _now: datetime
) -> Sequence[sa.Row[UUID]]:
    """Return those of the API tokens that nobody has revoked."""
    return (await session.execute(sa.select(ApiToken.id).where(ApiToken.id.in_(token_ids)))).all()


async def tally_expired_sessions(session: AsyncSession, now: datetime, *, delete: bool) -> Tally:
    return await tally_rows(session, UserSession.expires_at, UserSession.expires_at <= now, delete=delete)


async def list_token_users(session: AsyncSession, digests: Collection[str]) -> Sequence[sa.Row[ApiToken, User]]:
    """Return the API tokens that have one of these digests, each with whose it is."""
    statement: sa.Select[ApiToken, User] = sa.select(ApiToken, User).join(User, ApiToken.user_id == User.id)
    return (await session.execute(statement.where(ApiToken.digest.in_(digests)))).all()


async def list_api_tokens(session: AsyncSession, user_id: UUID) -> Sequence[ApiToken]:
    """Return a user's API tokens, newest first."""
    newest_first = (ApiToken.created_at.desc(), ApiToken.id.desc())
    return (
        (await session.execute(sa.select(ApiToken).where(ApiToken.user_id == user_id).order_by(*newest_first)))
        .scalars()
        .all()
    )


async def count_api_tokens(session: AsyncSession, user_id: UUID) -> int:
    statement = sa.select(sa.func.count()).select_from(ApiToken).where(ApiToken.user_id == user_id)
    return (await session.execute(statement)).scalar_one()


async def note_use(session: AsyncSession, token_id: UUID, now: datetime, stale: datetime) -> None:
    """Record that a token is used, unless another request has done so since `stale`."""
    noted_earlier = sa.or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= stale)
    await session.execute(sa.update(ApiToken).where(ApiToken.id == token_id, noted_earlier).values(last_used_at=now))


async def revoke_api_token(session: AsyncSession, user_id: UUID, token_id: UUID) -> bool:
    """Delete one token of a user; say whether there was one."""
    statement = sa.delete(ApiToken).where(ApiToken.user_id == user_id, ApiToken.id == token_id)
    return (await session.execute(statement.returning(ApiToken.id))).first() is not None


async def revoke_api_tokens(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(sa.delete(ApiToken).where(ApiToken.user_id == user_id))
