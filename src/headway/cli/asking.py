"""Passwords come from a person at a terminal, or as one line on standard input; never from the command line."""

from __future__ import annotations

import sys

import click


def read_secret(label: str, *, from_stdin: bool, confirm: bool = False) -> str:
    """Return a password; `confirm` asks a person twice."""
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt(label, hide_input=True, confirmation_prompt=confirm)
    return answer
