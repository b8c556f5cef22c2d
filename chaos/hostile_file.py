"""One hostile file: what it is called, how it is written, and how its import may end."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

IMPORTS = "imports"
"""The ending of a file that becomes a dataset."""

MIB = 1024 * 1024

Content = bytes | Iterable[bytes]
"""What a file holds, whole or in pieces."""


@dataclass(frozen=True)
class HostileFile:
    """A file that wants to hurt. `file_name` is what the client sends and may be hostile itself."""

    group: str
    label: str
    file_name: str
    write: Callable[[Path], None]
    may: Collection[str]
    """Acceptable endings: `imports`, the code of a problem, or the beginning of codes, such as `limit.`."""

    def allows(self, ending: str) -> bool:
        """Say whether the import may end so. `ending` is `imports` or the code of a problem."""
        return any(ending == one or (one.endswith(".") and ending.startswith(one)) for one in self.may)


class Shelf:
    """Collects the hostile files of one group; everything random in them comes from the seed and the label."""

    def __init__(self, group: str, seed: int) -> None:
        self.group = group
        self.files: list[HostileFile] = []
        self._seed = seed

    def random(self, label: str) -> random.Random:
        return random.Random(f"{self._seed}/{self.group}/{label}")

    def add(self, label: str, file_name: str, content: Content | Callable[[], Content], *may: str) -> None:
        """Put a file on the shelf. What is large is given as a function, which is called when the file is written."""

        def write(path: Path) -> None:
            made = content() if callable(content) else content
            with path.open("wb") as file:
                file.writelines([made] if isinstance(made, bytes) else made)

        self.add_written(label, file_name, write, *may)

    def add_written(self, label: str, file_name: str, write: Callable[[Path], None], *may: str) -> None:
        """Put a file on the shelf that is written by a library."""
        self.files.append(HostileFile(self.group, f"{self.group}-{label}", file_name, write, frozenset(may)))


def repeated(block: bytes, times: int) -> Iterator[bytes]:
    """Yield a block again and again, so that a large file needs no memory to be written."""
    return (block for _ in range(times))


@dataclass(frozen=True)
class Deflated:
    """A raw deflate stream of a block that is repeated, made in the time of one block, and what unpacks from it."""

    data: bytes
    size: int
    crc: int


def deflate(before: bytes, block: bytes = b"", times: int = 0, after: bytes = b"") -> Deflated:
    """Compress `before`, then `block` so many times, then `after`.

    After a full flush the compressor remembers nothing, so the compressed block may be repeated as it is.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(after) + packer.flush(zlib.Z_FINISH)
    crc = zlib.crc32(before)
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    size = len(before) + len(block) * times + len(after)
    return Deflated(start + middle * times + end, size, zlib.crc32(after, crc))
