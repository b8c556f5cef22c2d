"""What a process that parses can see and reach, beyond its limits: everything, or next to nothing.

Where bubblewrap works, such a process has a view of its own: the interpreter and its libraries to read, one folder to
write, no network, no other process. Where it does not, a process keeps the view of this one, without the network if
the system allows that. Bubblewrap is tried once, because being installed does not mean being allowed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import headway
from headway.intake.sandbox_room import ClosedRoom, Files, OpenRoom, Room

Wanted = Literal["auto", "bubblewrap", "process"]

TRIAL_SECONDS = 20
_TRIAL = "import headway.intake.pipeline"
"""What must work inside: the interpreter, every library, and this package."""

_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/nix/store", "/gnu/store")
_SYSTEM_FILES = ("/etc/ld.so.cache",)


def import_environment(import_path: Path | None = None) -> dict[str, str]:
    """Return what makes a child import what its parent runs: another copy than the installed one, if it was named so."""
    root = Path(headway.__file__).resolve().parents[1]
    named = {Path(entry).resolve() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    paths = [str(path) for path in (import_path, root if root in named else None) if path is not None]
    return {"PYTHONPATH": os.pathsep.join(paths)} if paths else {}


class IsolationUnavailable(Exception):
    """Raised when bubblewrap is demanded and cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """How processes that parse are shut in. `program` is bubblewrap, or None where there are limits only."""

    program: str | None
    reason: str
    import_path: Path | None = None

    @property
    def name(self) -> str:
        return "process" if self.program is None else "bubblewrap"

    @property
    def is_closed(self) -> bool:
        return self.program is not None

    def room(self, folder: Path, bound: Files | None = None) -> Room:
        """Return the place for one process, made in `folder`; with `bound` it may be for those files only."""
        return OpenRoom() if self.program is None else ClosedRoom.make(folder, bound)

    @contextmanager
    def enclosed(self, command: list[str], room: Room) -> Iterator[tuple[list[str], tuple[int, ...]]]:
        """Yield the command that runs another one inside, and the descriptors that it must inherit.

        The options go through a pipe: in the list of processes, folders would look like what is run.
        """
        if self.program is None:
            yield command, ()
            return
        reading, writing = os.pipe()
        try:
            os.write(writing, b"".join(os.fsencode(option) + b"\0" for option in self._options(room)))
            os.close(writing)
            yield [self.program, "--args", str(reading), "--", *command], (reading,)
        finally:
            os.close(reading)

    def _options(self, room: Room) -> list[str]:
        options = ["--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]
        for path in self._visible():
            options += ["--ro-bind", str(path), str(path)]
        # Its own root and /dev live in memory that no watch would see.
        return [*options, *room.bindings(), "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]

    def _visible(self) -> Iterator[Path]:
        """Yield what the interpreter needs, by every name under which it may ask for it."""
        installed = [Path(sys.base_prefix), Path(sys.prefix), Path(headway.__file__).parent]
        found = [Path(name) for name in (*_SYSTEM_FOLDERS, *_SYSTEM_FILES)] + installed
        if self.import_path is not None:
            found.append(self.import_path)
        yield from (path for path in dict.fromkeys([*found, *(path.resolve() for path in found)]) if path.exists())


def choose_isolation(wanted: Wanted, command: list[str], import_path: Path | None = None) -> Isolation:
    """Return the isolation to use. `command` starts the interpreter. Blocks for the trial.

    Raises `IsolationUnavailable` if bubblewrap is wanted and does not work.
    """
    if wanted == "process":
        return Isolation(None, "HEADWAY_SANDBOX=process")
    program = shutil.which("bwrap")
    problem = "bubblewrap (bwrap) is not installed"
    if program is not None and sys.platform == "linux":
        closed = Isolation(program, "bubblewrap works here", import_path)
        problem = _trial(closed, tuple(command))
        if not problem:
            return closed
    if wanted == "bubblewrap":
        raise IsolationUnavailable(f"HEADWAY_SANDBOX is bubblewrap, but {problem}")
    return Isolation(None, problem)


@cache
def _trial(isolation: Isolation, command: tuple[str, ...]) -> str:
    """Return why a process cannot run inside, or nothing if it can."""
    with TemporaryDirectory(prefix="headway-trial-") as folder:
        room = isolation.room(Path(folder))
        try:
            with isolation.enclosed([*command, "-c", _TRIAL], room) as (enclosed, descriptors):
                done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
                    enclosed,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=TRIAL_SECONDS,
                    check=False,
                    env={"PATH": "/usr/bin:/bin", **import_environment(isolation.import_path)},
                    pass_fds=descriptors,
                )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"it does not run: {error}"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"it does not run: {said[-1][:300] if said else f'exit status {done.returncode}'}"
