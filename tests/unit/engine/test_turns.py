"""Whose turn it is, without an engine: fewest running first, then longest without a turn."""

from __future__ import annotations

import pytest

from headway.engine import turns
from headway.engine.turns import Turns


def test_who_has_fewest_running_goes_first() -> None:
    assert Turns(3).next(["ann", "bob", "cleo"], {"ann": 2, "bob": 1, "cleo": 2}) == ["bob"]


def test_equals_take_turns() -> None:
    order = Turns(1)
    assert [order.next(["ann", "bob", "cleo"], {})[0] for _ in range(6)] == ["ann", "bob", "cleo"] * 2


def test_who_was_away_has_not_forgotten_the_others() -> None:
    order = Turns(1)
    assert order.next(["ann"], {}) == ["ann"]
    assert order.next(["bob"], {}) == ["bob"]
    assert order.next(["ann", "bob"], {}) == ["ann"]


def test_nobody_goes_beyond_the_limit() -> None:
    assert Turns(2).next(["ann", "bob"], {"ann": 2, "bob": 3}) == []
    assert Turns(2).next(["ann", "bob"], {"ann": 2, "bob": 1}) == ["bob"]


def test_who_cannot_start_does_not_keep_the_others_waiting() -> None:
    order = Turns(2)
    assert order.next(["stuck", "bob"], {"bob": 1}) == ["stuck"]
    assert order.next(["stuck", "bob"], {"bob": 1}) == ["bob"]
    assert order.next(["stuck"], {}) == ["stuck"]
    assert order.next(["stuck"], {}) == ["stuck"]


def test_no_more_owners_are_remembered_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "REMEMBERED_OWNERS", 2)
    order = Turns(1)
    for owner in ("ann", "bob", "cleo"):
        order.next([owner], {})
    # Ann is forgotten, so she counts as new.
    assert order.next(["bob", "cleo", "ann"], {}) == ["ann"]
