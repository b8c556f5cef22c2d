"""Bytes on their way in, gathered until they are worth a way to a thread."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from headway.intake.arrival import BLOCK_BYTES, Block


@pytest.mark.parametrize("longest", [1_000, 70_000, BLOCK_BYTES, 3 * BLOCK_BYTES])
def test_blocks_are_what_came_in_its_order(longest: int) -> None:
    chance = random.Random(longest)
    block, came, went = Block(), bytearray(), bytearray()
    while len(came) < 4 * BLOCK_BYTES:
        chunk = chance.randbytes(chance.randint(1, longest))
        came += chunk
        taken = block.take(chunk)
        assert not taken or len(taken) >= BLOCK_BYTES
        went += taken
    assert went + block.rest() == came
    assert block.rest() == b""


def test_a_block_stays_as_it_is_while_others_come() -> None:
    block = Block()
    block.take(b"a" * 10)
    first = block.take(b"b" * BLOCK_BYTES)
    block.take(b"c" * 10)
    second = block.rest()
    block.take(b"d" * 10)
    assert (first, second) == (b"a" * 10 + b"b" * BLOCK_BYTES, b"c" * 10)


def test_bytes_that_come_one_by_one_take_no_more_room_than_others() -> None:
    block, pieces = Block(), [bytes([number % 256, number // 256]) for number in range(60_000)]
    tracemalloc.start()
    for piece in pieces:
        block.take(piece)
    grew, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grew < 10_000
