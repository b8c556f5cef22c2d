"""What a process may hold open."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
from headway.kit.processes import allow_many_files
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
assert allow_many_files() == most == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
"""


def test_a_process_may_hold_as_many_files_open_as_the_machine_lets_it() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
