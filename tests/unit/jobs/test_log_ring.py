"""Lines in blocks: how they are numbered, filled and cut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headway.jobs.logs import ring
from headway.jobs.logs.ring import Block, Line, append, said

NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


def lines(*texts: str) -> list[Line]:
    return [Line(NOW, "info", "worker", text) for text in texts]


def test_small_batches_fill_one_block_and_numbers_go_on() -> None:
    (first,) = append(None, 1, lines("a", "b"))
    (same,) = append(first, 1, lines("c"))
    assert (same.first, [line.text for line in same.lines], same.size_bytes) == (1, ["a", "b", "c"], 3)
    (other,) = append(same, 2, lines("d"))
    assert (other.first, other.attempt) == (4, 2)


def test_a_full_block_is_left_and_what_was_skipped_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "BLOCK_LINES", 2)
    (full,) = append(None, 1, lines("a", "b"))
    assert [each.first for each in append(full, 1, lines("c", "d", "e"))] == [3, 5]
    (later,) = append(full, 1, lines("z"), skipped=10)
    assert later.first == 13
    monkeypatch.setattr(ring, "BLOCK_BYTES", 3)
    assert [each.first for each in append(None, 1, lines("äa", "b"))] == [1, 2]
    assert append(None, 1, []) == []


def test_lines_are_plain_short_and_say_when_they_were_cut() -> None:
    assert said("one\r\ntwo\n") == ["one", "two"]
    assert said("\x1b[31mred\x1b[0m \u202etxt\x00") == ["�[31mred�[0m �txt�"]
    assert said("") == [""]
    (cut,) = said("ä" * 5000)
    assert len(cut) == ring.LONGEST_LINE
    assert cut.endswith("… (cut; 5,000 characters)")


def test_a_block_knows_what_comes_after_it() -> None:
    assert Block(5, 1, tuple(lines("a", "b")), 2).after == 7
