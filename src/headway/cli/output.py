"""How the command line shows things: tables for people at a terminal, tab-separated lines for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

KILO = 1000


def printable(value: object) -> str:
    """Return the value as text that cannot steer a terminal: names and cells come from other people's files."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))


def show_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows; without a terminal as tab-separated lines, without headers and cut text."""
    console = Console()
    if not console.is_terminal:
        for row in rows:
            click.echo("\t".join(printable(cell) for cell in row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        # Ids are there to be copied; everything else may be cut.
        table.add_column(Text(header), no_wrap=header == "id", overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print `name: value` lines, leaving out what is not set."""
    for name, value in facts:
        if value not in (None, "", {}):
            click.echo(f"{name + ':':<10} {printable(value)}")


def sentence_of(problem: dict[str, Any]) -> str:
    """Return what happened and what to do about it, out of an RFC 9457 problem."""
    title, detail, action = (printable(problem.get(key) or "") for key in ("title", "detail", "user_action"))
    said = title if detail in {"", title} else f"{title}: {detail}"
    return f"{said}\n  What to do: {action}" if action else said


def size(count: int) -> str:
    """Return a number of bytes as people say it: 31.1 MB."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < KILO:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= KILO
    return f"{amount:.1f} TB"


def moment(value: str | None) -> str:
    """Return an API timestamp in the local time of whoever reads it."""
    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S") if value else ""
