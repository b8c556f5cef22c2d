"""A file that is small to send and takes many seconds to parse, so that a job can be met while it runs."""

from __future__ import annotations

import gzip
import hashlib
import io
from random import Random

import httpx

from chaos.ledger import Ledger

ROWS = 3_000_000
"""About 80 MB of text; two seconds on a fast machine would be too few for a lease of ten to matter."""


def long_file(random: Random, rows: int = ROWS) -> tuple[str, bytes]:
    """Return a name and a gzip file of a CSV table with so many rows, unlike any other by its first ones."""
    key = f"{random.getrandbits(96):024x}"
    packed = io.BytesIO()
    block = b"".join(b"%d,name of %d,%d.25,2024-01-01\n" % (n, n % 97, n % 1000) for n in range(10_000))
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as file:
        file.write(f"number,name,amount,day\n0,{key},1.25,2024-01-01\n".encode())
        for _ in range(rows // 10_000):
            file.write(block)
    return f"{key}.csv.gz", packed.getvalue()


def long_upload(client: httpx.Client, ledger: Ledger, random: Random, rows: int = ROWS) -> str:
    """Upload such a file; return its job as 32 hexadecimal digits."""
    name, content = long_file(random, rows)
    facts = {"key": name, "user": "long", "sha256": hashlib.sha256(content).hexdigest(), "rows": rows + 1}
    ledger.record("sent", **facts)
    answer = client.post("/imports", params={"filename": name}, content=content, timeout=60).raise_for_status()
    job_id = str(answer.json()["id"]).replace("-", "")
    ledger.record("acknowledged", job=job_id, **facts)
    return job_id
