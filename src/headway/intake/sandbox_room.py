"""The place in which one process parses one file, and how the file gets in and the result out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from headway.intake.parsing import ParsedPart, ParseRequest, ParseResult

Files = Mapping[str, Path]
"""What a process may read, each under a name of its own."""


class Room(Protocol):
    """A place for one parse. The process in it may be started before it is known which file it is for."""

    @property
    def is_there(self) -> bool:
        """Whether nobody has cleared it away, as happens to what lies unused for long."""
        ...

    def bindings(self) -> list[str]:
        """Return the options of bubblewrap that make the room part of the view of its process."""
        ...

    def admit(self, files: Files) -> bool:
        """Make the files visible inside; False if that takes a room that was made for them."""
        ...

    def inside(self, request: ParseRequest) -> ParseRequest:
        """Return the request as it must read inside."""
        ...

    def bring_out(self, result: ParseResult, request: ParseRequest) -> ParseResult:
        """Put the files of the result where the request wants them. Only when the process is gone."""
        ...

    def remove(self) -> None:
        """Remove what is left. Idempotent."""
        ...


class OpenRoom:
    """No walls: the process sees every path, so nothing has to be moved."""

    @property
    def is_there(self) -> bool:
        return True

    def bindings(self) -> list[str]:
        return []

    def admit(self, files: Files) -> bool:
        return True

    def inside(self, request: ParseRequest) -> ParseRequest:
        return request

    def bring_out(self, result: ParseResult, request: ParseRequest) -> ParseResult:
        return result

    def remove(self) -> None:
        return


class ClosedRoom:
    """A folder with a way in, which is read-only inside, and a way out, the one place to write."""

    def __init__(self, folder: Path, bound: Files | None = None) -> None:
        self._folder = folder
        self._bound = bound
        self._input_dir = folder / "in"
        self._output_dir = folder / "out"

    @classmethod
    def make(cls, folder: Path, bound: Files | None = None) -> ClosedRoom:
        """Make a room in `folder`; with `bound` it is for those files only."""
        room = cls(Path(mkdtemp(prefix="room-", dir=folder)), bound)
        room._input_dir.mkdir()
        room._output_dir.mkdir()
        return room

    @property
    def is_there(self) -> bool:
        return self._input_dir.is_dir() and self._output_dir.is_dir()

    def bindings(self) -> list[str]:
        way_out = ["--bind", str(self._output_dir), str(self._output_dir)]
        if self._bound is None:
            return [*way_out, "--ro-bind", str(self._input_dir), str(self._input_dir)]
        for name, path in self._bound.items():
            way_out += ["--ro-bind", str(path), str(self._input_dir / name)]
        return way_out

    def admit(self, files: Files) -> bool:
        """Link the files into the way in, which costs nothing; impossible from another file system."""
        if self._bound is not None:
            return True
        try:
            for name, path in files.items():
                os.link(path, self._input_dir / name)
        except OSError:
            return False
        return True

    def inside(self, request: ParseRequest) -> ParseRequest:
        source, *others = (self._input_dir / name for name in request.files)
        named = dict(zip(request.others, others, strict=True))
        return replace(request, source=source, others=named, output_dir=self._output_dir)

    def bring_out(self, result: ParseResult, request: ParseRequest) -> ParseResult:
        return replace(result, parts=[self._moved(part, request.output_dir) for part in result.parts])

    def _moved(self, part: ParsedPart, target: Path) -> ParsedPart:
        rejects = None if part.rejects_path is None else _move(part.rejects_path, target)
        return replace(part, path=_move(part.path, target), rejects_path=rejects)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _move(path: Path, target: Path) -> Path:
    return Path(shutil.move(path, target / path.name))
