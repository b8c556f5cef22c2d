"""From a report of somebody else's work to its owner's stream. `python -m benchmarks.tracking [MARKS]`; 60 without arguments.

A program with `headway.client` and a task of a Celery worker on a real Redis report a mark each half a second; the
owner's stream of the real product says when each came. What a page does with it takes some milliseconds more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from benchmarks.figures import percentile, say_machine
from tests.support.product import Server, running_server
from tests.support.redis import running_redis

PROMISED_SECONDS = 0.25
MARK_SECONDS = 0.5

MARKS = """
def mark(say, count):
    for number in range(count):
        say(f"mark {number} {time.time()}")
        time.sleep(MARK_SECONDS)
"""
CLIENT = f"""
import sys, time
from headway.client import job
MARK_SECONDS = {MARK_SECONDS}
{MARKS}
with job("Client") as j:
    mark(lambda text: j.progress(message=text), int(sys.argv[1]))
"""
HOST = f"""
import os, time
from celery import Celery
from headway.tracking.celery import track
from headway.tracking.celery_task import current_job
MARK_SECONDS = {MARK_SECONDS}
app = Celery("host", broker=os.environ["BROKER_URL"])
track(app, os.environ["DATABASE_URL"])
{MARKS}
@app.task(name="marks")
def marks(count):
    job = current_job()
    mark(lambda text: job.progress(message=text), count)
"""


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 60
    say_machine()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        (folder / "host.py").write_text(HOST)
        with running_redis(folder) as broker, running_server(folder / "data") as server:
            environment = {
                **os.environ,
                "BROKER_URL": broker.url,
                "DATABASE_URL": f"sqlite:///{folder}/data/headway.db",
                "HEADWAY_URL": server.url,
                "HEADWAY_TOKEN": server.client().headers["authorization"].removeprefix("Bearer "),
                "OWNER": server.client().get("/me").json()["id"],
                "NO_PROXY": "*",
                "PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            }
            for who, measure in (("headway.client", _client), ("Celery", _celery)):
                took = _measured(server, count, partial(measure, environment, count))
                p50, p95 = (1000 * percentile(took, share) for share in (50, 95))
                print(f"{who}: {len(took)} of {count} marks, p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {1000 * max(took):.0f} ms"
                      f" (promised: {1000 * PROMISED_SECONDS:.0f} ms)")  # fmt: skip


def _measured(server: Server, count: int, work: Callable[[], None]) -> list[float]:
    """Return how long each mark took from the call to the owner's stream."""
    came: dict[str, float] = {}
    listening, done = threading.Event(), threading.Event()

    def listen() -> None:
        with server.client() as owner, owner.stream("GET", "/jobs/stream", timeout=httpx.Timeout(60)) as stream:
            listening.set()
            for line in stream.iter_lines():
                for word in line.split('"message":"mark ')[1:]:
                    number, at = json.loads(f'"{word.split(chr(34))[0]}"').split(" ")
                    came.setdefault(number, time.time() - float(at))
                if done.is_set():
                    return

    threading.Thread(target=listen, daemon=True).start()
    listening.wait(30)
    work()
    done.set()
    return list(came.values())[-count:]


def _client(environment: dict[str, str], count: int) -> None:
    subprocess.run([sys.executable, "-c", CLIENT, str(count)], env=environment, check=True)


def _celery(environment: dict[str, str], count: int) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "host", "worker", "--concurrency=1", "--loglevel=ERROR"], env=environment
    )
    send = "import os, host; host.marks.apply_async([{}], headers={{'headway_owner': os.environ['OWNER']}})"
    subprocess.run([sys.executable, "-c", send.format(count)], env=environment, check=True)
    time.sleep(10 + count * MARK_SECONDS)
    worker.terminate()
    worker.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
