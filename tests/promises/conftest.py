"""One real product for the twenty complaints, people who use it, and their browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page

from tests.browser.conftest import (
    Watched,
    axe,
    browser,
    chromium,
    kept_browser,
    nothing_goes_wrong,
    pytest_collection_modifyitems,
    signed_in,
)
from tests.browser.test_pages import a_table
from tests.e2e.conftest import environment
from tests.promises.onlooker import PATIENCE_SECONDS, looking_on
from tests.support.product import Server, free_port, running_server, until

__all__ = [
    "axe", "browser", "chromium", "environment", "kept_browser", "nothing_goes_wrong", "pytest_collection_modifyitems",
]  # fmt: skip

LARGE_ROWS = 400_000
TOLD_ROWS = 1_200_000
"""Of the import that is looked at all along: at most four states a second are told, and a quick machine needs some."""

Opening = Callable[..., Any]


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Server]:
    """A product that keeps its address when a part of it is killed."""
    with running_server(tmp_path_factory.mktemp("promises") / "data", environment, free_port()) as server:
        yield server


@pytest.fixture(scope="session")
def admin(product: Server) -> Iterator[httpx.Client]:
    with product.client() as client:
        yield client


class Person:
    """Somebody with an account, and a program of theirs that holds their token."""

    def __init__(self, product: Server) -> None:
        self.email = product.new_user()
        self.client = product.client(self.email)

    def send(self, name: str, data: bytes, **headers: str) -> str:
        """Send a file to be imported; return its job."""
        answer = self.client.post("/imports", files={"file": (name, data)}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def create(self, title: str, job_type: str = "external", **facts: Any) -> str:
        """Create a job that the test runs itself."""
        body = {"job_type": job_type, "title": title, "heartbeat_seconds": 3600, **facts}
        return str(self.client.post("/jobs", json=body).raise_for_status().json()["id"])

    def tell(self, job: str, **report: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.post(f"/jobs/{job}/progress", json=report).raise_for_status().json()
        return answer

    def job(self, job: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get(f"/jobs/{job}").raise_for_status().json()
        return answer

    def ended(self, job: str) -> dict[str, Any]:
        """Return the job once it has ended."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client.get(f"/jobs/{job}", params={"wait": 5}).raise_for_status().json()
            return found if found["status"] in {"completed", "failed", "cancelled"} else None

        return until(look, PATIENCE_SECONDS)

    def datasets_of(self, job: str) -> list[dict[str, Any]]:
        items = self.client.get("/datasets").raise_for_status().json()["items"]
        return [dataset for dataset in items if dataset["job_id"] == job]


@pytest.fixture
def people(product: Server) -> Iterator[Callable[[], Person]]:
    """Return how somebody new comes."""
    known: list[Person] = []

    def come() -> Person:
        known.append(Person(product))
        return known[-1]

    yield come
    for person in known:
        person.client.close()


@pytest.fixture
def ann(people: Callable[[], Person]) -> Person:
    return people()


@pytest.fixture
def bob(people: Callable[[], Person]) -> Person:
    return people()


@pytest.fixture
def open_page(browser: Browser, product: Server, nothing_goes_wrong: list[Watched]) -> Opening:
    """Return how somebody signs in with a browser of their own."""

    async def opened(person: Person, **context: Any) -> Page:
        watched = await signed_in(browser, product.url, person.email, **context)
        nothing_goes_wrong.append(watched)
        return watched.page

    return opened


class LargeImport:
    """All that was told of a large import while it ran, and what its rows answered the moment it was called finished."""

    def __init__(self, ann: Person) -> None:
        self.totals: list[int] = []

        def read(job: dict[str, Any]) -> None:
            page = ann.client.get(f"/datasets/{job['related_dataset_id']}/rows", params={"limit": 1})
            self.totals.append(page.json()["total"] if page.status_code == 200 else page.status_code)

        with looking_on(ann.client, read) as onlooker:
            self.id = ann.send("large.csv", a_table(TOLD_ROWS))
            onlooker.until_ended(self.id)
            until(lambda: self.totals)
        self.told = onlooker.of(self.id)
        self.answered = ann.job(self.id)


@pytest.fixture(scope="session")
def large_import(product: Server) -> LargeImport:
    person = Person(product)
    with person.client:
        return LargeImport(person)
