"""The product on several machines: an API and workers as processes of their own, each with a data folder of its own.

They share one PostgreSQL and one S3 store. A later version of the code is a copy of this one with one more migration.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

import headway
from headway.kit.processes import descendants
from tests.support.product import ADMIN, PASSWORD, Server, until

STOP_SECONDS = 20
START_SECONDS = 120

EXPANDING = '''"""Something that this test adds, as a later version would: a table, and a column that may be empty."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("background_jobs", sa.Column("colour", sa.Text(), nullable=True))
    op.create_table("paints", sa.Column("name", sa.Text(), primary_key=True))


def downgrade() -> None:
    op.drop_table("paints")
    op.drop_column("background_jobs", "colour")
'''


@dataclass
class Machine:
    """One process of the product, with whatever it starts."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    out: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def kill(self) -> None:
        """End it and its children at once, as a machine does that loses its power."""
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@dataclass
class Site:
    """Machines around one database and one store."""

    folder: Path
    environment: dict[str, str]
    machines: list[Machine] = field(default_factory=list)

    def start(self, name: str, *arguments: str, package: Path | None = None) -> Machine:
        """Start `headway …` on a machine of this name, of the code in `package` where one is given."""
        own = {
            "HEADWAY_DATA_DIR": str(self.folder / name),
            "HEADWAY_ADMIN_EMAIL": ADMIN,
            "HEADWAY_ADMIN_PASSWORD": PASSWORD,
            "HEADWAY_MIN_FREE_BYTES": "0",
            "HEADWAY_PORT": "0",
            "JWT_SECRET": "the-same-on-every-machine-of-this-site",
            **({"PYTHONPATH": str(package)} if package else {}),
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HEADWAY_")}
        log, out = self.folder / f"{name}.log", self.folder / f"{name}.out"
        with log.open("ab") as errors, out.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "headway.cli", *arguments],
                env={**inherited, **self.environment, **own},
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        machine = Machine(name, process, log, out)
        self.machines.append(machine)
        return machine

    def worker(self, name: str, package: Path | None = None) -> Machine:
        return self.start(name, "worker", package=package)

    def api(self, name: str = "api") -> Machine:
        return self.start(name, "api")

    def client(self, api: Machine) -> httpx.Client:
        """Wait until the API is ready; return a client that is signed in to it."""
        found = until(lambda: re.search(r"ready on (http://\S+)", api.out.read_text()), START_SECONDS)
        return Server(found.group(1), api.process, self.folder / api.name).client()  # type: ignore[arg-type]

    def migrate(self, package: Path | None = None) -> None:
        machine = self.start("migrating", "migrate", package=package)
        assert machine.process.wait(START_SECONDS) == 0, machine.said

    def executor(self, worker: Machine) -> str:
        """Wait until a worker is ready; return the name under which it holds jobs."""
        return until(lambda: re.search(r"worker (\S+) is ready", worker.said), START_SECONDS).group(1)


@contextlib.contextmanager
def site(folder: Path, environment: dict[str, str]) -> Iterator[Site]:
    opened = Site(folder, environment)
    try:
        yield opened
    finally:
        for machine in opened.machines:
            machine.kill()


def later_version(folder: Path, head: str) -> Path:
    """Return a folder for `PYTHONPATH` with a version of the product that has one migration more."""
    package = folder / "later"
    shutil.copytree(Path(headway.__file__).parent, package / "headway", ignore=shutil.ignore_patterns("__pycache__"))
    revision = package / "headway" / "migrations" / "versions" / "9999_later.py"
    revision.write_text(EXPANDING.format(head=head))
    return package
