"""Parsers that misbehave in every way a hostile file could make one misbehave. They run in the sandbox only."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from headway.datasets.columns import Column, ColumnType
from headway.intake.errors import SheetPasswordProtected
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, ParseResult, Report


def good(request: ParseRequest, report: Report) -> ParseResult:
    """Behave: report progress, write a file, and say in its name which process did it."""
    for step in (0.25, 0.5, 0.75):
        report(ParseProgress(step, int(step * 100), "reading"))
    report(ParseProgress(1.0, 100, "done"))
    return _result(request.output_dir / "0.parquet")


def environment(request: ParseRequest, report: Report) -> ParseResult:
    """Tell what the process can see."""
    facts = {
        "environment": dict(os.environ),
        "descriptors": sorted(entry.name for entry in Path("/proc/self/fd").iterdir()),
    }
    return _result(request.output_dir / "0.parquet", facts)


def backwards(request: ParseRequest, report: Report) -> ParseResult:
    for fraction in (0.5, 0.2, 0.9, 0.1):
        report(ParseProgress(fraction, int(fraction * 10), "reading"))
        time.sleep(0.12)
    return _result(request.output_dir / "0.parquet")


def refuses(request: ParseRequest, report: Report) -> ParseResult:
    raise SheetPasswordProtected("No password was given.", sheet="Data")


def refuses_at_length(request: ParseRequest, report: Report) -> ParseResult:
    raise SheetPasswordProtected("x" * 10_000, names=["y" * 100] * 100)


def fails(request: ParseRequest, report: Report) -> ParseResult:
    raise RuntimeError("a secret of the inside")


def hogs_memory(request: ParseRequest, report: Report) -> ParseResult:
    hoard = []
    while True:
        hoard.append(b"x" * 8_000_000)
        time.sleep(0.01)


def asks_for_too_much(request: ParseRequest, report: Report) -> ParseResult:
    bytearray(600 << 20)
    raise AssertionError("the limit did not hold")


def spins(request: ParseRequest, report: Report) -> ParseResult:
    report(ParseProgress(0.1, 1, "spinning"))
    while True:
        pass


def waits(request: ParseRequest, report: Report) -> ParseResult:
    """Do nothing, which costs neither memory nor computing time."""
    time.sleep(60)
    raise AssertionError("nobody stopped it")


def aborts(request: ParseRequest, report: Report) -> ParseResult:
    sys.stderr.write("memory corruption\n")
    os.abort()


def out_of_cpu(request: ParseRequest, report: Report) -> ParseResult:
    os.kill(os.getpid(), signal.SIGXCPU)
    raise AssertionError("the signal did not end the process")


def fills_the_disk(request: ParseRequest, report: Report) -> ParseResult:
    with (request.output_dir / "spool").open("wb") as file:
        file.truncate(200 << 20)
    raise AssertionError("the limit did not hold")


def finds_the_disk_full(request: ParseRequest, report: Report) -> ParseResult:
    raise OSError(errno.ENOSPC, "No space left on device", str(request.output_dir))


def babbles(request: ParseRequest, report: Report) -> ParseResult:
    os.write(_pipe(), b"{" + b"x" * 10_000 + b"\n")
    time.sleep(60)
    raise AssertionError("nobody stopped it")


def lies(request: ParseRequest, report: Report) -> ParseResult:
    os.write(_pipe(), b'{"progress": [1e999, -1, 0]}\n')
    time.sleep(60)
    raise AssertionError("nobody stopped it")


def leaves_quietly(request: ParseRequest, report: Report) -> ParseResult:
    os._exit(0)


def points_outside(request: ParseRequest, report: Report) -> ParseResult:
    return _result(Path("/etc/hostname"))


def links_outside(request: ParseRequest, report: Report) -> ParseResult:
    path = request.output_dir / "0.parquet"
    path.symlink_to("/etc/hostname")
    return _result(path, write=False)


def leaves_a_pipe(request: ParseRequest, report: Report) -> ParseResult:
    """Leave what would block whoever opens it."""
    path = request.output_dir / "0.parquet"
    os.mkfifo(path)
    return _result(path, write=False)


def writes_nonsense(request: ParseRequest, report: Report) -> ParseResult:
    (request.output_dir / "result.json").write_text(json.dumps({"format": "csv", "parts": [{"rows": -1}]}))
    os.write(_pipe(), b'{"done": true}\n')
    os._exit(0)


def dials_out(request: ParseRequest, report: Report) -> ParseResult:
    """Try to reach the listener whose port is in the file name."""
    try:
        with socket.create_connection(("127.0.0.1", int(request.file_name)), timeout=5):
            answer = "connected"
    except OSError as error:
        answer = type(error).__name__
    return _result(request.output_dir / "0.parquet", {"network": answer})


def explores(request: ParseRequest, report: Report) -> ParseResult:
    """Try to read, change and list what is none of a parser's business. The folder of the others is the file name."""
    others = Path(request.file_name)
    reads = [
        others / "secret",
        others / "spool" / "other-job" / "original",
        Path("/etc/passwd"),
        Path("/proc/1/environ"),
    ]
    writes = [others / "new", Path("/tmp/new"), Path("/dev/shm/new"), Path("/new"), request.source]
    facts = {
        "read": [str(path) for path in reads if _succeeds(path.read_bytes)],
        "written": [str(path) for path in writes if _succeeds(lambda path=path: path.open("ab").close())],
        "removed": _succeeds(request.source.unlink),
        "processes": sum(entry.name.isdigit() for entry in Path("/proc").iterdir()),
        "content": request.source.read_text(),
    }
    return _result(request.output_dir / "0.parquet", facts)


def _succeeds(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def hogs_memory_in_a_child(request: ParseRequest, report: Report) -> ParseResult:
    """Let a process of its own take the memory."""
    if os.fork() == 0:
        hogs_memory(request, report)
    time.sleep(60)
    raise AssertionError("nobody stopped it")


def has_child_that_left(request: ParseRequest, report: Report) -> ParseResult:
    """Start a process that leaves the session, tell its id, and wait with it."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    time.sleep(0.3)
    report(ParseProgress(0.5, pid, "forked"))
    time.sleep(60)
    raise AssertionError("nobody stopped it")


def has_child(request: ParseRequest, report: Report) -> ParseResult:
    """Start a process of its own, tell its id, and wait with it."""
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    report(ParseProgress(0.5, pid, "forked"))
    time.sleep(60)
    raise AssertionError("nobody stopped it")


def _pipe() -> int:
    return int(sys.argv[-1])


def _result(path: Path, facts: object = None, *, write: bool = True) -> ParseResult:
    if write and not path.exists():
        path.write_bytes(b"PAR1")
    column = Column("a", ColumnType.TEXT, 0)
    decisions = [Decision("format", os.getpid(), "the process that did it", facts)]
    return ParseResult("delimited", [ParsedPart("table", path, 1, 0, [column], decisions)])
