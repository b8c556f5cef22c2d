"""What the suites find their processes by."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from headway.kit.processes import descendants
from tests.support.product import running_as, until

FORKS = "import os, time; os.fork(); time.sleep(600)"


def test_a_child_that_is_not_yet_what_it_was_started_for_does_not_count() -> None:
    process = subprocess.Popen([sys.executable, "-c", FORKS, "a-name-of-its-own"], start_new_session=True)
    try:
        (child,) = until(lambda: descendants(process.pid))
        assert running_as("a-name-of-its-own", [process.pid, child]) == [process.pid]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
