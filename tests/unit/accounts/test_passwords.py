"""Passwords are hashed with argon2id, away from the event loop, and never more than four at once."""

from __future__ import annotations

import asyncio
import threading
import unicodedata

import pytest

from headway.accounts.errors import WeakPassword
from headway.accounts.passwords import LONGEST, MOST_AT_ONCE, PasswordHasher, check_password, generate_password


@pytest.mark.usefixtures("earnest_passwords")
async def test_a_hash_is_argon2id_with_the_parameters_that_were_measured() -> None:
    assert (await PasswordHasher().hash("correct horse")).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_only_the_right_password_verifies() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("correct horse")
    assert await hasher.verify("correct horse", stored)
    assert not await hasher.verify("correct horsf", stored)
    assert not await hasher.verify("", stored)


async def test_without_a_stored_hash_no_password_is_right() -> None:
    hasher = PasswordHasher()
    assert not await hasher.verify("", None)
    assert not await hasher.verify("correct horse", None)


async def test_the_hash_of_nobody_costs_what_a_real_one_costs() -> None:
    hasher = PasswordHasher()
    real = await hasher.hash("correct horse")
    nobody = hasher._nobody
    assert nobody.split("$")[:4] == real.split("$")[:4]
    assert [len(part) for part in nobody.split("$")] == [len(part) for part in real.split("$")]


async def test_an_accent_may_be_typed_in_two_ways() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash(unicodedata.normalize("NFC", "crème brûlée"))
    assert await hasher.verify(unicodedata.normalize("NFD", "crème brûlée"), stored)


async def test_a_password_longer_than_any_is_wrong_even_where_it_begins_right() -> None:
    hasher = PasswordHasher()
    longest = "x" * LONGEST
    stored = await hasher.hash(longest)
    assert await hasher.verify(longest, stored)
    assert not await hasher.verify(longest + "x", stored)


async def test_half_of_a_surrogate_pair_is_a_strange_password_but_one() -> None:
    hasher = PasswordHasher()
    assert await hasher.verify("strange \ud800", await hasher.hash("strange \ud800"))


async def test_at_most_four_are_hashed_at_once_and_the_event_loop_goes_on() -> None:
    hasher = PasswordHasher()
    running, most, guard, full = 0, 0, threading.Lock(), threading.Event()
    go_on = threading.Event()
    loop_thread = threading.get_ident()

    def watched(_password: bytes) -> str:
        nonlocal running, most
        assert threading.get_ident() != loop_thread
        with guard:
            running += 1
            most = max(most, running)
            if running == MOST_AT_ONCE:
                full.set()
        go_on.wait(10)
        with guard:
            running -= 1
        return "hashed"

    hasher._hash.hash = watched  # type: ignore[method-assign,assignment]
    waiting = [asyncio.create_task(hasher.hash(str(number))) for number in range(20)]
    assert await asyncio.to_thread(full.wait, 10)
    # A caller that gives up does not make room while its thread still hashes.
    for task in waiting[:MOST_AT_ONCE]:
        task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert done[MOST_AT_ONCE:] == ["hashed"] * (20 - MOST_AT_ONCE)
    assert most == MOST_AT_ONCE


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1025])
def test_a_password_has_8_to_1024_characters(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password)


def test_the_bounds_themselves_are_allowed() -> None:
    check_password("eight888")
    check_password("x" * 1024)


def test_generated_passwords_differ_and_are_allowed() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password(password)
