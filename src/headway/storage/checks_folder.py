"""Checks of a local folder: what its file system promises, and how much room it has."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from headway.kit.files import sync_folder
from headway.storage.local import TEMPORARY
from headway.storage.store import CHUNK_BYTES, HasLocalFiles, ObjectStore
from headway.storage.trial import Check, Defect, Trial

MOUNTS = Path("/proc/mounts")
MARKER_BYTES = 64
IN_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}
OF_CONTAINERS = {"overlay", "aufs"}
ON_NETWORK = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs", "beegfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.goofys", "fuse.juicefs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system begins, and its kind as the kernel calls it."""

    point: Path
    kind: str


def folder_checks(store: ObjectStore) -> tuple[Check, ...]:
    """Return the checks for a store of local files, none for others."""
    if not isinstance(store, HasLocalFiles) or (place := store.local_path("x")) is None:
        return ()
    root = place.parent
    return (
        Check("temporary files", needed=True, run=partial(temporary_files, root=root)),
        Check("sync to disk", needed=True, run=partial(syncs, root=root)),
        Check("rename into place", needed=True, run=partial(renames, root=root)),
        Check("file system", needed=False, run=partial(file_system, root=root)),
        Check("free space", needed=True, run=free_space),
    )


async def temporary_files(trial: Trial, root: Path) -> str:
    """Others may be uploading right now, so only files that begin with our own marker count."""
    marker = os.urandom(MARKER_BYTES)
    writer = await trial.store.open_writer(trial.key("marked"))
    try:
        await writer.write(marker + bytes(CHUNK_BYTES))
    finally:
        await writer.abort()
    left = await asyncio.to_thread(_files_beginning_with, marker, root)
    if left:
        raise Defect(f"A write that was given up left {left[0]} behind. Cut uploads would fill the disk.")
    return "A write that was given up leaves no temporary file."


def _files_beginning_with(marker: bytes, root: Path) -> list[Path]:
    return [path for path in (root / TEMPORARY).glob("*") if _beginning(path) == marker]


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MARKER_BYTES)
    except OSError:  # finished by somebody else meanwhile
        return b""


async def syncs(trial: Trial, root: Path) -> str:
    try:
        await asyncio.to_thread(_sync_file_and_folder, root)
    except OSError as error:
        said = f"{root} cannot be synced to disk ({error.strerror}). What was accepted would be lost at a power cut."
        raise Defect(said) from error
    return "File and folder can be synced. Whether the disk keeps its word at a power cut cannot be tried from here."


def _sync_file_and_folder(root: Path) -> None:
    path = _probe(root)
    try:
        with path.open("xb") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        for folder in (path.parent, root):
            sync_folder(folder)
    finally:
        path.unlink(missing_ok=True)


async def renames(trial: Trial, root: Path) -> str:
    try:
        same = await asyncio.to_thread(_rename_into_place, root)
    except OSError as error:
        said = f"A file in {root / TEMPORARY} cannot be renamed into {root} ({error.strerror}). No upload would end."
        raise Defect(said) from error
    if not same:
        raise Defect(f"{root / TEMPORARY} is on another file system than {root}. Mount only one for both.")
    return "Temporary files are on the same file system and can be renamed into place."


def _rename_into_place(root: Path) -> bool:
    """Rename over another file, as a commit may; say whether both folders are on one device."""
    source, target = _probe(root), root / f".{uuid4().hex}.checkup"
    try:
        source.write_bytes(b"new")
        target.write_bytes(b"old")
        source.replace(target)
        return target.read_bytes() == b"new" and source.parent.stat().st_dev == root.stat().st_dev
    finally:
        with suppress(OSError):
            source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)


def _probe(root: Path) -> Path:
    folder = root / TEMPORARY
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{uuid4().hex}.checkup"


async def file_system(trial: Trial, root: Path) -> str:
    if not MOUNTS.exists():
        return "This system does not tell what kind of file system it is."
    mounts = await asyncio.to_thread(MOUNTS.read_text, "utf-8", "replace")
    mount = mount_of(root.resolve(), mounts)
    warning = mount and warning_about(mount)
    if warning:
        raise Defect(warning)
    return f"{root} is on {mount.kind}, mounted at {mount.point}." if mount else f"{root} is on no known mount."


def mount_of(path: Path, mounts: str) -> Mount | None:
    """Return the mount that a path is on, out of the text of /proc/mounts; of two at one place the later covers."""
    found: Mount | None = None
    for line in mounts.splitlines():
        _device, point, kind, *_ = [*line.split(" "), "", ""]
        place = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if path.is_relative_to(place) and (found is None or place.is_relative_to(found.point)):
            found = Mount(place, kind)
    return found


def warning_about(mount: Mount) -> str:
    """Return what an operator should know about a kind of file system, or nothing."""
    where = f"The folder is on {mount.kind}, mounted at {mount.point}:"
    if mount.kind in IN_MEMORY:
        return f"{where} it is memory, and everything is gone when the machine restarts."
    if mount.kind in OF_CONTAINERS:
        return f"{where} it is a container's own layer, and goes with the container. Mount a volume."
    if mount.kind in ON_NETWORK:
        return f"{where} durability is that of the server behind it. An S3 store suits several machines better."
    return ""


async def free_space(trial: Trial) -> str:
    free = await trial.store.free_bytes()
    if free is None:
        return "The store does not know how much room is left."
    if free < trial.min_free_bytes:
        raise Defect(
            f"Only {free / 1e9:,.1f} GB are free. Uploads are refused below HEADWAY_MIN_FREE_BYTES, "
            f"{trial.min_free_bytes / 1e9:,.1f} GB."
        )
    return f"{free / 1e9:,.1f} GB are free, more than HEADWAY_MIN_FREE_BYTES, {trial.min_free_bytes / 1e9:,.1f} GB."
