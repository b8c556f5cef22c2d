"""More than 600 files that want to hurt, each with the endings that its import may have.

`python -m chaos.hostile_files FOLDER` writes all of them and prints a table.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from itertools import chain, zip_longest
from pathlib import Path

from chaos.hostile_archives import hostile_archives
from chaos.hostile_columnar import hostile_columnar
from chaos.hostile_file import IMPORTS, HostileFile
from chaos.hostile_json import hostile_json
from chaos.hostile_names import hostile_names
from chaos.hostile_packed import hostile_packed
from chaos.hostile_text import hostile_text
from chaos.hostile_workbooks import hostile_workbooks

__all__ = ["IMPORTS", "HostileFile", "corpus", "is_heavy", "sample"]

_HEAVY = re.compile(r"\d-[mg]b|illion|\d{4}|bomb|bait|overlapping|far-corner|last-row|long-rejects|nobody|without-end")
"""Labels of files that take more than about a second to be written or read; most name their size."""


def is_heavy(file: HostileFile) -> bool:
    return bool(_HEAVY.search(file.label))


def corpus(seed: int) -> list[HostileFile]:
    """Return all files; the same seed gives the same bytes. Nothing large is made before it is written."""
    return [
        *hostile_text(seed),
        *hostile_archives(seed),
        *hostile_packed(seed),
        *hostile_workbooks(seed),
        *hostile_json(seed),
        *hostile_columnar(seed),
        *hostile_names(seed),
    ]


def sample(seed: int, count: int) -> list[HostileFile]:
    """Return `count` files of as many groups as possible, none of which takes long; the same ones for a seed."""
    groups: dict[str, list[HostileFile]] = {}
    for file in corpus(seed):
        if not is_heavy(file):
            groups.setdefault(file.group, []).append(file)
    for group, files in groups.items():
        random.Random(f"{seed}/sample/{group}").shuffle(files)
    in_turn = chain.from_iterable(zip_longest(*groups.values()))
    return [file for file in in_turn if file is not None][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write every hostile file into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    total = 0
    files = corpus(options.seed)
    for file in files:
        path = options.folder / file.label
        file.write(path)
        total += path.stat().st_size
        sys.stdout.write(f"{file.group:16} {file.label:56} {path.stat().st_size:>12,}\n")
    sys.stdout.write(f"{len(files)} files, {total:,} bytes\n")


if __name__ == "__main__":
    main()
