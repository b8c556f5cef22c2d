"""The program that parses one file. It is started ahead, shuts itself in, loads its libraries, and waits.

Run as `python -m headway.intake.sandbox_child <module:function> <descriptor>`; the request comes on stdin.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from typing import BinaryIO

from headway.errors import AppError
from headway.intake.errors import DiskLimit, MemoryLimit, SpoolFull
from headway.intake.parsing import ParseProgress, ParseRequest, ParseResult, Report
from headway.intake.sandbox_protocol import (
    ENCLOSED,
    encode_crash,
    encode_problem,
    encode_progress,
    encode_ready,
    write_result,
)
from headway.kit.processes import die_with_parent, give_way

PROGRESS_EVERY_SECONDS = 0.1
"""Parsers may report as often as they like; the parent hears it ten times a second."""

Entry = Callable[[ParseRequest, Report], ParseResult]

_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def main() -> int:
    die_with_parent()
    give_way()
    entry_name, descriptor = sys.argv[1:]
    network = _shut_in()
    entry = _load(entry_name)
    with os.fdopen(int(descriptor), "wb", buffering=0) as pipe:
        pipe.write(encode_ready(network=network))
        line = sys.stdin.buffer.readline()
        if not line:
            return 0
        return _serve(entry, ParseRequest.from_json(json.loads(line)), pipe)


def _shut_in() -> bool:
    """Give up new privileges and the network, as far as the system lets us. Returns whether a network is left.

    It must run before any library starts a thread: a user namespace is refused to a process with threads.
    """
    if sys.platform != "linux":
        return True
    if os.environ.pop(ENCLOSED, None) is not None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return not any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


class _WithoutPandas(MetaPathFinder):
    """Says of pandas that it is not installed."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _load(entry_name: str) -> Entry:
    """Import the parser and, with it, the libraries that take long; keep their thread pools small.

    All of it stays: looking for garbage in it meanwhile would take a tenth of the time, and more of every parse.
    """
    gc.disable()
    import duckdb  # noqa: F401, PLC0415 - loaded here, after the process is shut in, to be warm
    import pyarrow as pa  # noqa: PLC0415 - as above

    # A thread's stack counts as data segment, and Arrow would start one for each core of the machine.
    pa.set_cpu_count(2)
    pa.set_io_thread_count(2)
    # With its first array Arrow looks for pandas, which no parser needs: 0.2 seconds and 36 MB where it is installed.
    sys.meta_path.insert(0, _WithoutPandas())
    pa.array([0])
    module, _, function = entry_name.partition(":")
    entry: Entry = getattr(importlib.import_module(module), function)
    gc.freeze()
    gc.enable()
    return entry


def _serve(entry: Entry, request: ParseRequest, pipe: BinaryIO) -> int:
    tempfile.tempdir = str(request.output_dir)
    try:
        result = entry(request, _reporter(pipe))
        pipe.write(write_result(result, request.output_dir))
    except AppError as error:
        pipe.write(encode_problem(error))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it ends here and the parent hears of it
        known = _translate(error)
        if known is None:
            traceback.print_exc()
        pipe.write(encode_crash() if known is None else encode_problem(known))
    return 0


def _reporter(pipe: BinaryIO) -> Report:
    sent_at = 0.0

    def report(progress: ParseProgress) -> None:
        nonlocal sent_at
        now = time.monotonic()
        if now - sent_at >= PROGRESS_EVERY_SECONDS or progress.fraction >= 1:
            sent_at = now
            pipe.write(encode_progress(progress))

    return report


def _translate(error: BaseException) -> AppError | None:
    """Return the limit that a failure of the system means; libraries tell it by text only."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or "out of memory" in text or "bad_alloc" in text or "malloc of size" in text:
        return MemoryLimit("There was no memory left.")
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EFBIG or "file too large" in text:
        return DiskLimit("A working file grew beyond the size that one file may need.")
    if number in {errno.ENOSPC, errno.EDQUOT} or "no space left on device" in text or "disk quota exceeded" in text:
        return SpoolFull()
    return None


if __name__ == "__main__":
    # Interpreters take their time to take libraries down; nothing here is worth waiting for.
    status = main()
    sys.stderr.flush()
    os._exit(status)
