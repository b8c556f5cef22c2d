"""A disk whose power can be cut at any moment: a file whose every write passes through this process, by FUSE.

It has a write cache as real disks have: what was written since the last flush may be lost, each block by itself. A
photograph is what a cut at this moment would leave. It is made between two writes, so it is never torn by being
copied, and it may well fall into the middle of an fsync.

Run as a module it is that process: `IMAGE MOUNT_POINT` (both files); then one line `PHOTO_FILE SEED` for each photograph.
"""

from __future__ import annotations

import ctypes
import errno
import os
import random
import select
import shutil
import stat
import struct
import sys
from pathlib import Path

BLOCK_BYTES = 4096
MAX_WRITE = 256 * 1024
COPY_BYTES = 16 * 1024 * 1024
ROOT_NODE = 1

IN_HEADER, OUT_HEADER = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
INIT_OUT, OPEN_OUT, WRITE_OUT = struct.Struct("<IIIIHHIIHHII6I"), struct.Struct("<QIi"), struct.Struct("<II")
ATTRIBUTES_OUT, STATFS_OUT = struct.Struct("<QII6Q10I"), struct.Struct("<5Q4I6I")
TRANSFER_IN = struct.Struct("<QQIIQII")
"""The layouts of <linux/fuse.h>; TRANSFER_IN is the one of READ and of WRITE."""

FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE = 2, 3, 4, 14, 15, 16, 17, 18
FSYNC, FLUSH, INIT, INTERRUPT, DESTROY, BATCH_FORGET = 20, 25, 26, 36, 38, 42
UNANSWERED = frozenset({FORGET, INTERRUPT, BATCH_FORGET})
BIG_WRITES, MAX_PAGES, DIRECT_IO = 1 << 5, 1 << 22, 1


class PowerDevice:
    """Serves one file and remembers what of it would survive."""

    def __init__(self, image: Path) -> None:
        self.size = image.stat().st_size
        # What the host reads, and what would be left without the cache.
        self._seen = os.open(image, os.O_RDWR)
        kept = image.with_suffix(".kept")
        shutil.copyfile(image, kept)
        self._kept = os.open(kept, os.O_RDWR)
        self._unflushed: list[tuple[int, bytes]] = []

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._seen, size, offset)

    def write(self, offset: int, content: bytes) -> None:
        os.pwrite(self._seen, content, offset)
        for start in range(0, len(content), BLOCK_BYTES):
            self._unflushed.append((offset + start, content[start : start + BLOCK_BYTES]))

    def flush(self) -> None:
        for offset, block in self._unflushed:
            os.pwrite(self._kept, block, offset)
        self._unflushed.clear()

    def photograph(self, path: Path, seed: str) -> None:
        """Write what a power cut leaves now: all that was flushed, and of the rest nothing, everything, or some."""
        chance = random.Random(seed)
        share = chance.choice((0.0, 0.5, 1.0))
        with path.open("wb") as photo:
            os.ftruncate(photo.fileno(), self.size)
            _copy_data(self._kept, photo.fileno())
            for offset, block in self._unflushed:
                if chance.random() < share:
                    os.pwrite(photo.fileno(), block, offset)


def _copy_data(source: int, target: int) -> None:
    """Copy what is not a hole."""
    place = 0
    while True:
        try:
            place = os.lseek(source, place, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = os.lseek(source, place, os.SEEK_HOLE)
        while place < end:
            place += os.copy_file_range(source, target, min(COPY_BYTES, end - place), place, place)


# ------------------------------------------------------------------------------------------------------- the kernel


def mount(mount_point: Path) -> int:
    """Make a file be served by this process; return the descriptor on which the kernel asks."""
    channel = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={channel},rootmode={stat.S_IFREG | 0o600:o},user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"power", os.fsencode(mount_point), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), f"{mount_point} cannot be mounted on: {os.strerror(ctypes.get_errno())}")
    return channel


def serve(device: PowerDevice, channel: int) -> None:
    """Answer the kernel, and orders on standard input, until one of them ends."""
    while True:
        ready, _, _ = select.select([channel, sys.stdin], [], [])
        if channel in ready and not _answer(device, channel):
            return
        if sys.stdin in ready:
            order = sys.stdin.readline().split()
            if not order:
                return
            device.photograph(Path(order[0]), order[1])
            sys.stdout.write("done\n")
            sys.stdout.flush()


def _answer(device: PowerDevice, channel: int) -> bool:
    try:
        request = os.read(channel, MAX_WRITE + BLOCK_BYTES)
    except OSError as error:
        # ENODEV: unmounted. ENOENT: whoever asked has gone.
        return error.errno != errno.ENODEV
    _length, code, unique, *_ = IN_HEADER.unpack_from(request)
    if code not in UNANSWERED:
        failure, body = _result(device, code, request[IN_HEADER.size :])
        os.write(channel, OUT_HEADER.pack(OUT_HEADER.size + len(body), -failure, unique) + body)
    return True


def _result(device: PowerDevice, code: int, body: bytes) -> tuple[int, bytes]:
    """Return an error number, or 0 and what the answer carries."""
    if code == READ:
        _, offset, size, *_ = TRANSFER_IN.unpack_from(body)
        return 0, device.read(offset, size)
    if code == WRITE:
        _, offset, size, *_ = TRANSFER_IN.unpack_from(body)
        device.write(offset, body[TRANSFER_IN.size : TRANSFER_IN.size + size])
        return 0, WRITE_OUT.pack(size, 0)
    if code == FSYNC:
        device.flush()
        return 0, b""
    answers = {
        INIT: INIT_OUT.pack(
            7, 31, 0, BIG_WRITES | MAX_PAGES, 16, 12, MAX_WRITE, 1, MAX_WRITE // BLOCK_BYTES, 0, 0, 0, *[0] * 6
        ),
        GETATTR: _attributes(device),
        SETATTR: _attributes(device),
        # Not through the host's page cache: what the loop device writes arrives here at once.
        OPEN: OPEN_OUT.pack(0, DIRECT_IO, 0),
        STATFS: STATFS_OUT.pack(0, 0, 0, 1, 0, BLOCK_BYTES, 255, BLOCK_BYTES, *[0] * 7),
        RELEASE: b"",
        FLUSH: b"",
        DESTROY: b"",
    }
    return (0, answers[code]) if code in answers else (errno.ENOSYS, b"")


def _attributes(device: PowerDevice) -> bytes:
    blocks = device.size // 512
    times, nanoseconds = (0, 0, 0), (0, 0, 0)
    file = (stat.S_IFREG | 0o600, 1, 0, 0, 0, BLOCK_BYTES, 0)
    return ATTRIBUTES_OUT.pack(3600, 0, 0, ROOT_NODE, device.size, blocks, *times, *nanoseconds, *file)


if __name__ == "__main__":
    device = PowerDevice(Path(sys.argv[1]))
    channel = mount(Path(sys.argv[2]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(device, channel)
