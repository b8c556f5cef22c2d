"""Clients that upload through everything: each file under one idempotency key, repeated until it is acknowledged."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import httpx

from chaos.ledger import Ledger

TIMEOUT_SECONDS = 20
PAUSE_SECONDS = 0.5
"""The pace of a person with many files: between two of them about so long, and so long before a repetition."""

NOT_YET = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 507})
"""Answers after which a client repeats its request. 500 is told as a broken promise besides."""


@dataclass(frozen=True)
class File:
    """One file to be uploaded; `rows` is how many its dataset must have."""

    key: str
    name: str
    content: bytes
    rows: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def make_file(random: Random, least_rows: int = 20, most_rows: int = 20_000) -> File:
    """Return a CSV or NDJSON file unlike any other; small sizes are as likely as large ones."""
    key = f"{random.getrandbits(96):024x}"
    rows = int(least_rows * (most_rows / least_rows) ** random.random())
    if random.random() < 0.8:
        block = "".join(f"{n},{key}-{n % 97},{n % 1000}.{n % 90 + 10},2024-{n % 12 + 1:02d}-01\n" for n in range(rows))
        return File(key, f"{key}.csv", b"number,name,amount,day\n" + block.encode(), rows)
    lines = "".join(json.dumps({"number": n, "name": f"{key}-{n % 97}", "tags": [n, "x"]}) + "\n" for n in range(rows))
    return File(key, f"{key}.ndjson", lines.encode(), rows)


class Uploader:
    """One client in a thread. What it sends and what it is told goes into the ledger."""

    def __init__(
        self, client: httpx.Client, user: str, random: Random, ledger: Ledger, may_begin: Callable[[], bool]
    ) -> None:
        self._client = client
        self._user = user
        self._random = random
        self._ledger = ledger
        self._may_begin = may_begin
        self._no_more = threading.Event()
        self._give_up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Begin no more files; give the present one so many seconds to be acknowledged."""
        self._no_more.set()
        self._thread.join(seconds)
        self._give_up.set()
        self._thread.join(TIMEOUT_SECONDS)

    def _run(self) -> None:
        with self._client:
            while not self._no_more.is_set():
                if self._may_begin():
                    self._upload(make_file(self._random))
                self._no_more.wait(self._random.uniform(0.1, 2 * PAUSE_SECONDS))

    def _upload(self, file: File) -> None:
        facts = {"key": file.key, "user": self._user, "sha256": file.sha256, "rows": file.rows}
        self._ledger.record("sent", **facts)
        while not self._give_up.is_set():
            answer = self._post(file)
            if answer is not None and answer.status_code in {200, 202}:
                self._ledger.record("acknowledged", job=answer.json()["id"].replace("-", ""), **facts)
                return
            if answer is not None:
                self._ledger.record("refused", status=answer.status_code, body=answer.text[:300], **facts)
                if answer.status_code not in NOT_YET:
                    return
            self._give_up.wait(PAUSE_SECONDS)
        self._ledger.record("given up", **facts)

    def _post(self, file: File) -> httpx.Response | None:
        try:
            return self._client.post(
                "/imports",
                params={"filename": file.name},
                content=file.content,
                headers={"Idempotency-Key": file.key},
                timeout=TIMEOUT_SECONDS,
            )
        except httpx.TransportError as error:
            self._ledger.record("no answer", key=file.key, error=type(error).__name__)
            return None
