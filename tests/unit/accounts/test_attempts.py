"""Wrong passwords are counted by account and address, and forgotten after five minutes."""

from __future__ import annotations

import asyncio

import pytest

from headway.accounts import attempts
from headway.accounts.attempts import WINDOW_SECONDS, WRONG_PER_ACCOUNT, WRONG_PER_ADDRESS, AttemptLimiter
from headway.accounts.errors import TooManyAttempts, WrongCredentials
from tests.support.clock import FakeClock

ADA = "ada@example.org"
HOME = "192.0.2.1"


@pytest.fixture
def limiter(clock: FakeClock) -> AttemptLimiter:
    return AttemptLimiter(clock, told_to_nobody)


async def told_to_nobody(_email: str | None, _network: str) -> None:
    """Take what a limiter tells of lock-outs."""


async def wrong(limiter: AttemptLimiter, email: str = ADA, address: str = HOME) -> None:
    with pytest.raises(WrongCredentials):
        async with limiter.attempt(email, address):
            raise WrongCredentials


async def right(limiter: AttemptLimiter, email: str = ADA, address: str = HOME) -> None:
    async with limiter.attempt(email, address):
        pass


async def refused(limiter: AttemptLimiter, email: str = ADA, address: str = HOME) -> TooManyAttempts:
    with pytest.raises(TooManyAttempts) as caught:
        async with limiter.attempt(email, address):
            pytest.fail("the attempt was admitted")
    return caught.value


async def test_the_sixth_try_after_five_wrong_ones_is_refused(limiter: AttemptLimiter, clock: FakeClock) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        await wrong(limiter)
        clock.advance(10)
    assert (await refused(limiter)).data == {"retry_after_seconds": WINDOW_SECONDS - 50}


async def test_who_waits_as_told_is_admitted(limiter: AttemptLimiter, clock: FakeClock) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        await wrong(limiter)
        clock.advance(0.3)
    clock.advance((await refused(limiter)).data["retry_after_seconds"])
    await right(limiter)


async def test_a_refused_try_does_not_lengthen_the_wait(limiter: AttemptLimiter, clock: FakeClock) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        await wrong(limiter)
    for _ in range(20):
        clock.advance(10)
        await refused(limiter)
    clock.advance(100)
    await right(limiter)


async def test_a_right_one_clears_the_account_s_count(limiter: AttemptLimiter) -> None:
    for _ in range(3):
        for _ in range(WRONG_PER_ACCOUNT - 1):
            await wrong(limiter)
        await right(limiter)


async def test_nobody_is_locked_out_from_another_address(limiter: AttemptLimiter) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        await wrong(limiter)
    await right(limiter, address="192.0.2.2")


async def test_one_address_may_not_try_many_accounts(limiter: AttemptLimiter) -> None:
    for number in range(WRONG_PER_ADDRESS):
        await wrong(limiter, email=f"user{number}@example.org")
    await refused(limiter, email="another@example.org")
    await right(limiter, address="192.0.2.2")


async def test_signing_in_to_an_own_account_does_not_clear_the_address_s_count(limiter: AttemptLimiter) -> None:
    for number in range(WRONG_PER_ADDRESS):
        await wrong(limiter, email=f"user{number}@example.org")
        if number < WRONG_PER_ADDRESS - 1:
            await right(limiter, email="attacker@example.org")
    await refused(limiter)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "unknown", True),
    ],
)
async def test_an_ipv6_caller_is_its_network(limiter: AttemptLimiter, one: str, other: str, same: bool) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        await wrong(limiter, address=one)
    await (refused if same else right)(limiter, address=other)


async def test_a_failure_of_ours_is_not_a_wrong_password(limiter: AttemptLimiter) -> None:
    for _ in range(WRONG_PER_ACCOUNT * 2):
        with pytest.raises(OSError, match="database"):
            async with limiter.attempt(ADA, HOME):
                raise OSError("the database is away")
    await right(limiter)


async def test_of_fifty_at_once_no_more_than_five_are_tried(limiter: AttemptLimiter) -> None:
    tried = 0

    async def guess() -> None:
        nonlocal tried
        async with limiter.attempt(ADA, HOME):
            tried += 1
            await asyncio.sleep(0)
            raise WrongCredentials

    answers = await asyncio.gather(*(guess() for _ in range(50)), return_exceptions=True)
    assert tried == WRONG_PER_ACCOUNT
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 45


async def test_of_fifty_right_ones_at_once_none_is_refused(limiter: AttemptLimiter) -> None:
    inside = 0

    async def sign_in() -> None:
        nonlocal inside
        async with limiter.attempt(ADA, HOME):
            inside += 1
            assert inside <= WRONG_PER_ACCOUNT
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(sign_in() for _ in range(50)))


async def test_a_caller_that_gives_up_leaves_no_trace(limiter: AttemptLimiter) -> None:
    entered = asyncio.Event()

    async def hang() -> None:
        async with limiter.attempt(ADA, HOME):
            entered.set()
            await asyncio.Event().wait()

    for _ in range(WRONG_PER_ACCOUNT):
        entered.clear()
        hanging = asyncio.create_task(hang())
        await entered.wait()
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
    await right(limiter)


async def test_memory_is_bounded(limiter: AttemptLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_TALLIES", 100)
    for number in range(300):
        await wrong(limiter, email=f"user{number}@example.org", address=f"198.51.{number // 250}.{number % 250}")
    assert len(limiter._tallies) == 100


async def test_a_clock_that_is_set_back_does_not_lock_for_longer(limiter: AttemptLimiter, clock: FakeClock) -> None:
    for _ in range(WRONG_PER_ACCOUNT):
        await wrong(limiter)
    clock.advance(-86400)
    assert (await refused(limiter)).data["retry_after_seconds"] == WINDOW_SECONDS
