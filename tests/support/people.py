"""People who are signed in, without the second that hashing and checking a password takes for each."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import httpx

from headway.accounts.models import User
from headway.accounts.tokens import Claims, TokenSigner
from headway.kit.clock import SystemClock
from headway.kit.db import Database


async def add_people(database: Database, secret: str, *emails: str) -> list[str]:
    """Add administrators whom nobody could sign in as; return their tokens, under a product's secret."""
    signer, now, tokens = TokenSigner(secret, 3600, SystemClock()), datetime.now(UTC), []
    async with database.write() as session:
        for email in emails:
            user = User(
                id=uuid4(), email=email, password_hash="-", role="admin", credentials_version=0, created_at=now,
                password_changed_at=now,
            )  # fmt: skip
            session.add(user)
            tokens.append(signer.issue(Claims(user.id, 0)))
    return tokens


def client_of(url: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60)
