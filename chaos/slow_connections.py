"""Thousands of connections that say nothing, or one byte every few seconds, beside one user who works."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from chaos.backends import running_backend
from chaos.experiment import Options, Outcome
from chaos.load import WORST_MS, Probes, expect_same_processes, main_pids, percentile, probing
from tests.support.product import running_server

MANY, FEW = 5_000, 600
SHORT_RUN_SECONDS = 60
ADDRESSES = 250
"""Sources 127.0.1.1 and following, so that neither ports nor a limit per address end the attack early."""

OPEN_AT_ONCE = 200
OPENING_SECONDS = 10
"""The connections come evenly over this time: what is measured is holding them, not a rush of new ones."""

CONNECT_SECONDS = 20
DRIP_SECONDS = 5
LIMIT_SECONDS = 30
HOLD_SECONDS = 40
"""How long a connection is held: beyond the limit, to see what is still open then."""

KINDS = ("idle", "slow header", "slow body")


@dataclass
class _Held:
    """One connection: seconds from its opening to its end by the server, None if it was still open."""

    kind: str
    opened_at: float = 0.0
    """On the monotonic clock; 0 if it could not be opened."""
    closed_after: float | None = None


def run(options: Options) -> Outcome:
    """Hold 5,000 connections, 600 in a run of less than a minute; each must be closed by the server in time."""
    outcome = Outcome()
    count = FEW if options.seconds < SHORT_RUN_SECONDS else MANY
    with (
        _many_open_files() as files,
        running_backend(options) as backend,
        running_server(options.folder / "data", backend.environment) as server,
        server.client() as client,
        server.new_client() as attacker,
    ):
        outcome.figures |= {"connections": count, "open files allowed": files}
        pids = main_pids(server)
        host, port = str(urlsplit(server.url).hostname), int(urlsplit(server.url).port or 0)
        openings = _openings(str(attacker.headers["Authorization"]))
        held = [_Held(KINDS[number % len(KINDS)]) for number in range(count)]
        with probing(client, fresh=True) as probes:
            all_opened = asyncio.run(_hold_all(host, port, held, openings))
        _judge(held, outcome)
        expect_same_processes(server, pids, outcome)
        _judge_probes(probes, all_opened, outcome)
    return outcome


@contextlib.contextmanager
def _many_open_files() -> Iterator[int]:
    """Allow as many open files as the hard limit says, here and in processes started meanwhile; yield the number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _openings(authorization: str) -> dict[str, tuple[bytes, bytes]]:
    """Return what each kind sends first, and what it repeats."""
    head = (
        f"POST /api/v2/imports?filename=slow.csv HTTP/1.1\r\nHost: headway\r\nAuthorization: {authorization}\r\n"
    ).encode()
    return {
        "idle": (b"", b""),
        "slow header": (head + b"X-Slow: ", b"a"),
        "slow body": (head + b"Content-Length: 1000000\r\n\r\na,b\n", b"1"),
    }


async def _hold_all(host: str, port: int, held: list[_Held], openings: dict[str, tuple[bytes, bytes]]) -> float:
    """Open and hold everything; return when the last one was open, on the monotonic clock."""
    gate = asyncio.Semaphore(OPEN_AT_ONCE)

    async def hold(number: int, one: _Held) -> None:
        await asyncio.sleep(number * OPENING_SECONDS / len(held))
        source = f"127.0.1.{1 + number % ADDRESSES}"
        try:
            async with gate, asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
        except (OSError, TimeoutError):
            return
        one.opened_at = time.monotonic()
        first, again = openings[one.kind]
        try:
            writer.write(first)
            await _until_closed(reader, writer, again)
        finally:
            if time.monotonic() < one.opened_at + HOLD_SECONDS:
                one.closed_after = time.monotonic() - one.opened_at
            writer.transport.abort()

    await asyncio.gather(*(hold(number, one) for number, one in enumerate(held)))
    return max((one.opened_at for one in held), default=0.0)


async def _until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, again: bytes) -> None:
    """Read until the server ends the connection or it was held long enough, sending a byte now and then.

    An answer is not an end: a server may say why it is about to close.
    """
    for _ in range(HOLD_SECONDS // DRIP_SECONDS):
        try:
            async with asyncio.timeout(DRIP_SECONDS):
                while await reader.read(4096):
                    pass
        except TimeoutError:
            writer.write(again)
        except OSError:
            return
        else:
            return


def _judge(held: list[_Held], outcome: Outcome) -> None:
    opened = sum(one.opened_at > 0 for one in held)
    outcome.figures["opened"] = opened
    outcome.expect(opened == len(held), f"only {opened} of {len(held)} connections could be opened")
    for kind in KINDS:
        ours = [one for one in held if one.kind == kind and one.opened_at]
        closed = [one.closed_after for one in ours if one.closed_after is not None]
        open_still = len(ours) - sum(seconds <= LIMIT_SECONDS for seconds in closed)
        outcome.figures |= {
            f"{kind}: closed": len(closed),
            f"{kind}: closed after s, median": round(percentile(closed, 50), 1),
            f"{kind}: closed after s, last": round(percentile(closed, 100), 1),
        }
        outcome.expect(
            not open_still, f"{open_still} of {len(ours)} connections ({kind}) were open after {LIMIT_SECONDS} s"
        )


def _judge_probes(probes: Probes, all_opened: float, outcome: Outcome) -> None:
    """Judge the user who works, and tell apart the rush in which everything is opened from the time after."""
    probes.judge(outcome)
    outcome.figures["probe p99 ms while held"] = probes.ms(99, since=all_opened)
    outcome.figures["probe p99 limit ms"] = WORST_MS
