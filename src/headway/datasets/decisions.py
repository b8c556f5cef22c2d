"""Decisions about a file as people see them: each with what would change it."""

from __future__ import annotations

from typing import Any

from headway.datasets.schemas import DecisionResponse

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "colon": ":", "blank": " "}
"""Words in which a runner-up among the delimiters is told."""

OPTIONS = {"format": "format", "encoding": "encoding", "dialect": "delimiter", "header": "header", "sheet": "sheet"}
"""Which import option changes a decision, by its subject."""

ABOUT_THE_IMPORT = frozenset({"name", "duplicate", "into", "mode", "key", "apply"})
"""Options that say where a file goes, and not how it is read."""

COLUMN, HIDDEN = "column:", " (hidden)"


def asked_for(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that say how a file is to be read, without those that leave it to be found out."""
    reading = {name: value for name, value in options.items() if name not in ABOUT_THE_IMPORT}
    return {name: value for name, value in reading.items() if value is not None and value not in ({}, [])}


def explained(decision: dict[str, Any]) -> DecisionResponse:
    """Return a decision with the option that changes it and, where there is a runner-up, the options that take that."""
    option, instead = _option_of(decision)
    return DecisionResponse(**decision, option=option, instead=instead)


def _option_of(decision: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    subject, value, runner_up = decision["subject"], decision["value"], decision.get("runner_up")
    if subject.startswith(COLUMN):
        name = subject.removeprefix(COLUMN)
        return "types", {"types": {name: "text"}} if value != "text" else None
    option = OPTIONS.get(subject)
    if option == "header":
        other = _other_header(value)
        return (option, {option: other}) if other is not None else (None, None)
    if option == "delimiter" and isinstance(runner_up, str):
        runner_up = DELIMITERS.get(runner_up, runner_up)
    if isinstance(runner_up, list):
        # Several of one rank: the first that people can see in the file.
        runner_up = next((each for each in runner_up if not str(each).endswith(HIDDEN)), None)
    return option, {option: runner_up} if option is not None and isinstance(runner_up, str) else None


def _other_header(value: Any) -> bool | None:
    """Return what the option would say instead; None for a note about names, which decides nothing."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return True
    return False if isinstance(value, str) and value.startswith("row ") else None
