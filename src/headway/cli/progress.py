"""How an import looks while it runs: a bar at a terminal, a line for each change of stage anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click
import rich.progress
from rich.console import Console

from headway.cli.output import printable, size

PERCENT = 100
SILENT = "no answer from the server; the job goes on, asking again"
AWAY = "no answer from the server; what was sent stays, asking again"


class Progress(Protocol):
    """What an import reports about itself, in this order."""

    def reading(self) -> None: ...
    def resumed(self, count: int) -> None: ...
    def known(self) -> None: ...
    def away(self) -> None: ...
    def uploaded(self, count: int) -> None: ...
    def job(self, job: dict[str, Any]) -> None: ...
    def silent(self) -> None: ...
    def end(self, word: str) -> None: ...


@contextmanager
def open_progress(path: Path) -> Iterator[Progress]:
    """Show the progress of importing one file, on stderr, so that results alone go to stdout."""
    console = Console(stderr=True)
    size_bytes = path.stat().st_size
    if not console.is_terminal:
        lines = Lines(path.name)
        lines.sending(size_bytes)
        yield lines
        return
    with rich.progress.Progress(*_columns(), console=console) as bars:
        yield Bar(path.name, size_bytes, bars)


@contextmanager
def open_job_progress(title: str) -> Iterator[Progress]:
    """Show the progress of a job for which nothing is sent."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(title)
        return
    with rich.progress.Progress(*_columns(), console=console) as bars:
        yield Bar(title, PERCENT, bars)


def _columns() -> tuple[rich.progress.ProgressColumn, ...]:
    return (
        rich.progress.TextColumn("{task.description}", markup=False),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.TextColumn("{task.fields[state]}", markup=False),
    )


class Bar:
    """One bar for one file: first the bytes on their way, then the job's percent."""

    def __init__(self, name: str, size_bytes: int, bars: rich.progress.Progress) -> None:
        self._bytes = size_bytes
        self._bars = bars
        self._task = bars.add_task(printable(name), total=self._bytes, state="uploading")

    def reading(self) -> None:
        self._bars.update(self._task, state="reading the file")

    def resumed(self, count: int) -> None:
        self._bars.update(self._task, completed=count, state=f"going on at {size(count)}")

    def known(self) -> None:
        self._bars.update(self._task, completed=self._bytes, state="the server has this file: nothing to send")

    def away(self) -> None:
        self._bars.update(self._task, state=AWAY)

    def uploaded(self, count: int) -> None:
        whole = count >= self._bytes
        # The bytes have left, and the server has yet to say that they are safe.
        state = "saving the upload" if whole else f"uploading {size(count)} of {size(self._bytes)}"
        self._bars.update(self._task, completed=count, state=state)

    def job(self, job: dict[str, Any]) -> None:
        self._bars.update(self._task, total=PERCENT, completed=job["progress"], state=state_of(job))

    def silent(self) -> None:
        self._bars.update(self._task, state=SILENT)

    def end(self, word: str) -> None:
        self._bars.update(self._task, state=word)


class Lines:
    """For logs and pipes: a line when something else is being done, never one for each percent."""

    def __init__(self, name: str) -> None:
        self._name = printable(name)
        self._last = ""

    def sending(self, size_bytes: int) -> None:
        self._say(f"uploading {size(size_bytes)}")

    def _say(self, what: str) -> None:
        if what != self._last:
            self._last = what
            click.echo(f"{self._name}: {what}", err=True)

    def reading(self) -> None:
        """Say nothing; it is done before anybody wonders."""

    def resumed(self, count: int) -> None:
        self._say(f"going on at {size(count)}")

    def known(self) -> None:
        self._say("the server has this file: nothing to send")

    def away(self) -> None:
        self._say(AWAY)

    def uploaded(self, count: int) -> None:
        """Say nothing; the end of the upload is followed by the first news of its job."""

    def job(self, job: dict[str, Any]) -> None:
        stage = f", {printable(job['stage'])}" if job["stage"] else ""
        self._say(f"{job['phase']}{stage}")

    def silent(self) -> None:
        self._say(SILENT)

    def end(self, word: str) -> None:
        self._say(word)


def state_of(job: dict[str, Any]) -> str:
    """Return what the job is doing, in a few words: its phase, then its message or stage, then what it counted."""
    words = [job["phase"]]
    doing = job["message"] or job["stage"]
    if doing and job["status"] == "running":
        words.append(printable(doing))
    if job["done_units"] is not None and job["status"] == "running":
        of = f" of {job['total_units']:,}" if job["total_units"] else ""
        words.append(f"{job['done_units']:,}{of} {printable(job['unit'] or '')}".strip())
    return " · ".join(words)
