"""Settings as the command line reads them: every fault is a sentence that names its variable."""

from __future__ import annotations

from typing import Any

import click
from pydantic import ValidationError

from headway.settings import Settings


def load_settings(**changes: Any) -> Settings:
    """Return the settings, with what the command line changes in them, or end with a sentence for each fault."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        sentences = [_sentence(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise click.ClickException("\n".join(sentences)) from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]) if location else "settings"
    return f"{name if name.isupper() else f'HEADWAY_{name.upper()}'}: {message}"


def make_data_dir(settings: Settings) -> None:
    """Make the data folder, which holds everybody's files and the secret: nobody else may look into it."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        sentence = f"HEADWAY_DATA_DIR: {settings.data_dir} cannot be made ({error.strerror})."
        raise click.ClickException(sentence) from error
