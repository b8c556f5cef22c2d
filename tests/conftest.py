"""What every test can ask for: a clock that stands still, a migrated database, an object store, settings.

`--backend sqlite` (the default) gives SQLite and a local folder, `--backend postgres-s3` a real PostgreSQL and a
real S3 server. Tests do not know which one they run on.
"""

from __future__ import annotations

import gc
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from headway.accounts.passwords import PasswordHasher
from headway.kit.db import Database
from headway.migrations import migrate
from headway.settings import Settings
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.kept_database import KeptDatabase, sibling
from tests.support.postgres import running_postgres
from tests.support.seaweed import SeaweedFS, running_seaweed

BACKENDS = ("sqlite", "postgres-s3")
TEMPLATE = "headway_template"
FULL_COLLECTIONS_AFTER = 50
"""Collections of what is younger."""


def pytest_configure() -> None:
    # A shell starts what runs in its background with SIGINT ignored, and every process that a test starts inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", choices=BACKENDS, default="sqlite", help="what the tests stand on")


def pytest_collection_finish() -> None:
    # What is loaded stays until the end; to look for garbage in it took a tenth of the processor time.
    gc.collect()
    gc.freeze()
    # What tests leave is looked through as a whole a third as often, for at most 50 MB more.
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTIONS_AFTER)


def pytest_unconfigure() -> None:
    gc.unfreeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the second backend, leave out the tests that would be the same ones again: they stand on neither."""
    if config.getoption("--backend") == BACKENDS[0]:
        return
    same = [item for item in items if "backend" not in getattr(item, "fixturenames", ())]
    if same:
        config.hook.pytest_deselected(items=same)
        items[:] = [item for item in items if item not in set(same)]


# ----------------------------------------------------------------------- passwords

_EARNEST = dict(PasswordHasher.__init__.__kwdefaults__ or {})
_QUICK = {"time_cost": 1, "memory_kib": 8, "parallelism": 1}


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash in a millisecond what nobody attacks, instead of half a second on a busy machine for each app of a test.

    Only in this process. Processes that tests start hash as the product does.
    """
    with _hashing(_QUICK):
        yield


@pytest.fixture
def earnest_passwords() -> Iterator[None]:
    """Hash as the product does, for a test that looks at just that."""
    with _hashing(_EARNEST):
        yield


@contextmanager
def _hashing(defaults: dict[str, int]) -> Iterator[None]:
    before = PasswordHasher.__init__.__kwdefaults__
    PasswordHasher.__init__.__kwdefaults__ = defaults
    yield
    PasswordHasher.__init__.__kwdefaults__ = before


# ------------------------------------------------------------------------- backend


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--backend"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


# ------------------------------------------------------------------------ database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The maintenance database's URL of a server with a migrated template."""
    with running_postgres() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database if exists {TEMPLATE}")
            connection.execute(f"create database {TEMPLATE}")
        migrate(sibling(url, TEMPLATE))
        yield url


@pytest.fixture(scope="session")
def kept_database(postgres_server: str) -> KeptDatabase:
    return KeptDatabase(postgres_server, TEMPLATE, f"test_{uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "headway.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with the newest schema."""
    if backend == "sqlite":
        path = tmp_path / "headway.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    kept: KeptDatabase = request.getfixturevalue("kept_database")
    yield kept.url
    kept.restore()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


# --------------------------------------------------------------------------- store


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running_seaweed(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def storage_url(request: pytest.FixtureRequest, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty object store."""
    if backend == "sqlite":
        return f"file://{tmp_path}/objects"
    server: SeaweedFS = request.getfixturevalue("seaweed")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server.url(uuid4().hex)


@pytest.fixture
async def store(storage_url: str) -> AsyncIterator[ObjectStore]:
    opened = open_store(storage_url)
    yield opened
    await opened.close()


@pytest.fixture
def settings(database_url: str, storage_url: str, tmp_path: Path) -> Settings:
    """Settings of a whole product on this test's database and store."""
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        storage_url=storage_url,
        admin_email="admin@example.org",
        admin_password="correct-horse-battery",
        port=0,
        min_free_bytes=0,
    )
