"""Passwords: what is accepted as one, and argon2id away from the event loop, never more than four at once."""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import DEFAULT_MEMORY_COST, DEFAULT_PARALLELISM, DEFAULT_TIME_COST
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from headway.accounts.errors import WeakPassword

Result = TypeVar("Result")

SHORTEST = 8
LONGEST = 1024
MOST_AT_ONCE = 4
"""One hash holds 64 MiB: twenty sign-ins at once took 1.3 GB without a cap."""


def check_password(password: str) -> None:
    """Raise `WeakPassword` unless this may be somebody's password."""
    if len(password) < SHORTEST:
        raise WeakPassword(f"The password has {len(password)} characters; it needs at least {SHORTEST}.")
    if len(password) > LONGEST:
        raise WeakPassword(f"The password has {len(password)} characters; at most {LONGEST} are accepted.")


def generate_password() -> str:
    """Return a password of 120 bits that survives being read aloud: lower-case letters and digits in groups."""
    letters = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    return "-".join(letters[start : start + 6] for start in range(0, len(letters), 6))


class PasswordHasher:
    """argon2id with the library's parameters (64 MiB, 3 passes, about 0.3 s), on threads of its own.

    The cap is the number of threads and not a semaphore around a shared pool: a request that is cancelled would
    give its permit back while its thread goes on hashing.
    """

    def __init__(
        self,
        *,
        time_cost: int = DEFAULT_TIME_COST,
        memory_kib: int = DEFAULT_MEMORY_COST,
        parallelism: int = DEFAULT_PARALLELISM,
    ) -> None:
        self._hash = PasswordHash((Argon2Hasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism),))
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism}${_random(16)}${_random(32)}"
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        return await self._run(self._hash.hash, _canonical(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password is right; without a hash to compare with, take as long and say no."""
        right = await self._run(self._hash.verify, _canonical(password[:LONGEST]), password_hash or self._nobody)
        return right and password_hash is not None and len(password) <= LONGEST

    async def _run(self, function: Callable[..., Result], *arguments: str | bytes) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _canonical(password: str) -> bytes:
    """Return the one spelling of this text: keyboards differ in how they compose accents.

    JSON can carry half a surrogate pair; it is a strange password, and no failure of ours.
    """
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _random(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
