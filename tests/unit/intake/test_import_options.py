"""Options of imports, as they are kept."""

from __future__ import annotations

from headway.intake.schemas import ImportOptions


def test_an_option_that_is_new_and_says_nothing_is_not_kept() -> None:
    # A version that was rolled back to refuses options that it does not know.
    assert "rule_set" not in ImportOptions(name="a").stored()
    assert ImportOptions(rule_set="r").stored()["rule_set"] == "r"
