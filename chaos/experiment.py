"""What every experiment is given and what it says afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

SQLITE, POSTGRES_S3 = "sqlite", "postgres-s3"
BACKENDS = (SQLITE, POSTGRES_S3)


class CannotRunHere(Exception):
    """Raised by an experiment when the machine lacks what it needs; it has then shown nothing."""


@dataclass(frozen=True)
class Options:
    """One run of one experiment. Everything random comes from `random()`, so that a seed repeats a run."""

    seconds: float
    seed: int
    backend: str
    folder: Path
    planted: Path | None = None
    """Where a broken copy of the product's source lies; None runs the source as it is."""

    def random(self, name: str = "") -> random.Random:
        return random.Random(f"{self.seed}/{name}")

    def on(self, backend: str) -> Options:
        """Return the same options for another backend."""
        return replace(self, backend=backend)

    def with_source(self, source: Path) -> Options:
        """Return the same options for another copy of the product's source."""
        return replace(self, planted=source)

    @property
    def environment(self) -> dict[str, str]:
        """What the product's processes need so that they run the broken copy."""
        return {"PYTHONPATH": str(self.planted)} if self.planted else {}


@dataclass
class Outcome:
    """What an experiment saw: figures for the table, and every broken promise in one sentence each."""

    figures: dict[str, float | int | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def expect(self, condition: bool, violation: str) -> None:
        """Note a broken promise if the condition does not hold."""
        if not condition:
            self.violations.append(violation)


Experiment = Callable[[Options], Outcome]
