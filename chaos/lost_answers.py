"""Requests that the server carries out and whose answer never arrives: clients repeat them under the same key."""

from __future__ import annotations

import socket
import time
from random import Random
from urllib.parse import urlsplit

import httpx

from chaos.arena import Arena, running_arena
from chaos.experiment import Options, Outcome
from chaos.ledger import Ledger
from chaos.uploaders import NOT_YET, File, make_file
from tests.support.product import until

MOST_WAIT_SECONDS = 0.1
"""An accept takes about this long, so the connection ends before, during and after the commit."""


def run(options: Options) -> Outcome:
    """Repeat each upload whose answer was thrown away, for `options.seconds`; one dataset each is what may come."""
    outcome = Outcome()
    random = options.random("answers")
    with running_arena(options) as arena:
        client = next(iter(arena.clients.values()))
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            until(lambda: len(arena.watcher.active) < arena.most_waiting)
            _upload_twice(arena, client, make_file(random, most_rows=2000), random)
        outcome.figures["answers thrown away"] = len(list(arena.ledger.read("sent")))
        arena.judge(outcome)
    return outcome


def _upload_twice(arena: Arena, client: httpx.Client, file: File, random: Random) -> None:
    facts: dict[str, str | int] = {"key": file.key, "user": "ada", "sha256": file.sha256, "rows": file.rows}
    arena.ledger.record("sent", **facts)
    _send_and_leave(arena.product.url, client, file, random)
    _repeat(client, file, arena.ledger, facts)


def _send_and_leave(url: str, client: httpx.Client, file: File, random: Random) -> None:
    """Send the whole request, wait until the answer begins or a moment has passed, and close without reading it."""
    address = urlsplit(url)
    head = (
        f"POST /api/v2/imports?filename={file.name} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: {client.headers['Authorization']}\r\nIdempotency-Key: {file.key}\r\n"
        f"Content-Length: {len(file.content)}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=10) as connection:
        connection.sendall(head.encode() + file.content)
        if random.random() < 0.5:
            # The answer is on its way: everything has happened, and the client does not know.
            connection.recv(1, socket.MSG_PEEK)
        else:
            # The cable is pulled at any moment of the work, of which the client can see none.
            time.sleep(random.uniform(0, MOST_WAIT_SECONDS))


def _repeat(client: httpx.Client, file: File, ledger: Ledger, facts: dict[str, str | int]) -> None:
    def answered() -> httpx.Response | None:
        answer = client.post(
            "/imports", params={"filename": file.name}, content=file.content, headers={"Idempotency-Key": file.key}
        )
        return None if answer.status_code in NOT_YET else answer

    answer = until(answered)
    if answer.status_code in {200, 202}:
        ledger.record("acknowledged", job=str(answer.json()["id"]).replace("-", ""), **facts)
    else:
        ledger.record("refused", status=answer.status_code, body=answer.text[:300], **facts)
