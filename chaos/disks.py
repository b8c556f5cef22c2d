"""Disks for experiments: in memory and small, or on a device whose power can be cut. Only root can mount them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.experiment import CannotRunHere
from tests.support.product import wait_for

ROOT = Path(__file__).resolve().parents[1]
UNMOUNT_SECONDS = 15
COMMIT_SECONDS = 300
"""How long the file system keeps to itself what nobody asked it to sync: longer than any run."""


def _need(*command: str | Path) -> str:
    """Run what the experiment cannot do without; a machine that refuses it is not fit."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotRunHere(f"cannot run here: there is no {command[0]}") from error
    except subprocess.CalledProcessError as error:
        raise CannotRunHere(f"cannot run here: {' '.join(map(str, command))}: {error.stderr.strip()}") from error
    return done.stdout.strip()


def _try(*command: str | Path) -> int:
    """Run a command that may fail; return its exit status."""
    return subprocess.run(command, check=False, capture_output=True).returncode


def _need_root() -> None:
    if os.geteuid() != 0:
        raise CannotRunHere("cannot run here: only root can mount a disk")


@contextlib.contextmanager
def _mounted(folder: Path, *command: str | Path) -> Iterator[Path]:
    """Mount with `mount ARGUMENTS FOLDER` until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    _need("mount", *command, folder)
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Unmount; wait for processes that were killed a moment ago, then take it away from whoever is left."""
    if not wait_for(lambda: _try("umount", folder) == 0, UNMOUNT_SECONDS, every=0.1):
        _need("umount", "--lazy", folder)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk of this size, in memory."""
    _need_root()
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs") as mounted:
        yield mounted


@dataclass
class PowerDisk:
    """A mounted ext4 whose power can be cut: `folder` is where it is mounted."""

    folder: Path
    _device: subprocess.Popen[str]

    def photograph(self, path: Path, seed: str) -> None:
        """Write into a file what a power cut would leave of the disk at this moment."""
        assert self._device.stdin is not None  # noqa: S101 - asked for below; this tells mypy
        assert self._device.stdout is not None  # noqa: S101 - as above
        self._device.stdin.write(f"{path} {seed}\n")
        self._device.stdin.flush()
        if self._device.stdout.readline() != "done\n":
            raise RuntimeError("the process behind the disk has ended")


@contextlib.contextmanager
def power_disk(folder: Path, megabytes: int) -> Iterator[PowerDisk]:
    """Make and mount such a disk; `folder` takes everything that belongs to it."""
    _need_root()
    if not Path("/dev/fuse").exists():
        raise CannotRunHere("cannot run here: there is no /dev/fuse")
    folder.mkdir(parents=True)
    image, served = folder / "image", folder / "served"
    with image.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    served.touch()
    _need("mkfs.ext4", "-q", "-F", "-J", "size=8", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", image)
    with _device(image, served) as device:
        loop = _need("losetup", "--find", "--show", served)
        try:
            options = f"commit={COMMIT_SECONDS},noatime"
            with _mounted(folder / "mounted", "-t", "ext4", "-o", options, loop) as mounted:
                yield PowerDisk(mounted, device)
        finally:
            _need("losetup", "--detach", loop)


@contextlib.contextmanager
def _device(image: Path, served: Path) -> Iterator[subprocess.Popen[str]]:
    device = subprocess.Popen(
        [sys.executable, "-m", "chaos.power_device", str(image), str(served)], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert device.stdout is not None  # noqa: S101 - asked for above; this tells mypy
    assert device.stderr is not None  # noqa: S101 - as above
    try:
        if device.stdout.readline() != "ready\n":
            raise CannotRunHere(f"cannot run here: {device.stderr.read().strip().splitlines()[-1:]}")
        yield device
    finally:
        _try("umount", "--lazy", served)
        device.kill()
        device.wait()


@contextlib.contextmanager
def developed(photo: Path, folder: Path) -> Iterator[Path]:
    """Mount a photograph, as a machine does that starts again: the file system replays its journal."""
    with _mounted(folder, "-t", "ext4", "-o", "loop", photo) as mounted:
        yield mounted
