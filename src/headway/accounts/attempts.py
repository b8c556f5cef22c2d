"""Wrong passwords, counted before anything is hashed: per account and address, and per address.

In memory of this process and bounded. There is no limit per account alone, since it would let anybody lock
somebody else out.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from headway.accounts.errors import TooManyAttempts, WrongCredentials, WrongPassword
from headway.kit.clock import Clock

WINDOW_SECONDS = 300
WRONG_PER_ACCOUNT = 5
WRONG_PER_ADDRESS = 30
"""More than for one account, since a whole office may share an address."""
MOST_TALLIES = 10_000

TellLocked = Callable[[str | None, str], Awaitable[None]]
"""Is told at the last wrong password before a lock-out: the account, or None for all of them, and the network."""


@dataclass(slots=True)
class _Tally:
    limit: int
    wrong: deque[datetime] = field(default_factory=deque)
    running: int = 0


class AttemptLimiter:
    """Admits attempts to prove who one is. The clock decides when a wrong one is forgotten."""

    def __init__(self, clock: Clock, tell_locked: TellLocked) -> None:
        self._clock = clock
        self._tell_locked = tell_locked
        self._tallies: OrderedDict[tuple[str, ...], _Tally] = OrderedDict()
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def attempt(self, email: str, client_address: str) -> AsyncIterator[None]:
        """Run the block as one attempt; it was wrong if it raises `WrongCredentials` or `WrongPassword`.

        Raises `TooManyAttempts` without running it. Attempts at the edge of a limit wait for those before them, so
        that a hundred at once are not admitted together, and a hundred right ones are not refused.
        """
        network = _network(client_address)
        account = (email[:320], network)
        tallies = [self._tally(account, WRONG_PER_ACCOUNT), self._tally((network,), WRONG_PER_ADDRESS)]
        await self._admit(tallies)
        try:
            yield
        except (WrongCredentials, WrongPassword):
            for tally in tallies:
                tally.wrong.append(self._clock.now())
            # Nobody is admitted beyond a limit, so that it is reached once before it is lifted.
            for tally, locked in zip(tallies, (email, None), strict=True):
                if len(tally.wrong) == tally.limit:
                    await self._tell_locked(locked, network)
            raise
        else:
            # Only who knows the password comes here. The address's count stays, or an attacker with an account
            # of their own could reset it.
            tallies[0].wrong.clear()
        finally:
            for tally in tallies:
                tally.running -= 1
            self._ended.set()
            self._ended = asyncio.Event()

    async def _admit(self, tallies: list[_Tally]) -> None:
        while True:
            for tally in tallies:
                self._refuse_if_over(tally)
            if all(len(tally.wrong) + tally.running < tally.limit for tally in tallies):
                break
            await self._ended.wait()
        for tally in tallies:
            tally.running += 1

    def _refuse_if_over(self, tally: _Tally) -> None:
        now = self._clock.now()
        while tally.wrong and (now - tally.wrong[0]).total_seconds() >= WINDOW_SECONDS:
            tally.wrong.popleft()
        if len(tally.wrong) < tally.limit:
            return
        remaining = WINDOW_SECONDS - (now - tally.wrong[0]).total_seconds()
        # Within the window even if the machine's clock was set back.
        seconds = min(WINDOW_SECONDS, max(1, math.ceil(remaining)))
        raise TooManyAttempts(f"Too many wrong passwords. Try again in {seconds} seconds.", retry_after_seconds=seconds)

    def _tally(self, key: tuple[str, ...], limit: int) -> _Tally:
        tally = self._tallies.setdefault(key, _Tally(limit))
        self._tallies.move_to_end(key)
        while len(self._tallies) > MOST_TALLIES:
            self._tallies.popitem(last=False)
        return tally


def _network(address: str) -> str:
    """Return what one caller cannot easily change: the IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))
