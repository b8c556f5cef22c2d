"""What else a column of text could be, with the exact effect: so many cells would become empty, so many look different.

Every figure was counted over all values of the column, so that a suggestion promises nothing that it does not keep.
"""

from __future__ import annotations

from typing import Any

from headway.datasets.columns import Column, ColumnType
from headway.intake.exact_types import ColumnLearner, Trial
from headway.intake.type_words import shown
from headway.plurals import counted

MOST_SUGGESTIONS = 3
MOST_TOKENS = 5


def suggestions(column: Column, learner: ColumnLearner) -> list[dict[str, Any]]:
    """Return what a column of text could be instead: `type`, `format`, `label`, `effect`, `empties`, `options`."""
    if column.type is not ColumnType.TEXT or learner.wish.type is not None:
        return []
    near = [trial for trial in learner.trials or [] if trial.near and trial.misses < learner.values]
    near.sort(key=lambda trial: (trial.misses, not trial.reading.exact, trial.reading.after))
    found: list[dict[str, Any]] = []
    for trial in near:
        made = _suggestion(column, learner, trial)
        if made["label"] not in [other["label"] for other in found]:
            found.append(made)
    return found[:MOST_SUGGESTIONS]


def _suggestion(column: Column, learner: ColumnLearner, trial: Trial) -> dict[str, Any]:
    reading, name = trial.reading, column.name
    options: dict[str, Any] = {"types": {name: str(reading.type)}}
    if reading.format is not None:
        options["formats"] = {name: reading.format}
    words = [word for word, _ in trial.words.most_common(MOST_TOKENS + 1)]
    as_tokens = 0 < len(words) <= MOST_TOKENS and sum(trial.words.values()) == trial.misses
    if as_tokens:
        options["null_tokens"] = sorted({*words, *(token for token in learner.tokens if token)})
    like = f" like {reading.format}" if reading.format else ""
    return {
        "type": str(reading.type),
        "format": reading.format,
        "label": f"Read “{name}” as {reading.type}{like}",
        "effect": _effect(learner, trial, words),
        "empties": trial.misses,
        "of": learner.values,
        "options": options,
    }


def _effect(learner: ColumnLearner, trial: Trial, words: list[str]) -> str:
    if trial.misses:
        examples = ", ".join(f"“{shown(word)}”" for word in words[:3])
        said = f"{trial.misses:,} of {counted(learner.values, 'value')} would become empty" + (
            f": {examples}" if examples else ""
        )
    else:
        said = f"all {learner.values:,} values can be read so" if learner.values > 1 else "the value can be read so"
    if not trial.reading.exact:
        said += "; how they are written (zeros in front, signs, exponents) shows only in their written form"
    return said
