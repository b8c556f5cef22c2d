"""Which messages a Redis broker has: those in its queues, and those that workers hold and have not confirmed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from celery import Celery

PAGE = 1000
MOST_MESSAGES = 20_000
"""A broker with more than that is not looked through."""


class CannotTell(Exception):
    """Nobody can say whether a message is there."""

    def __init__(self, why: str, *, is_for_now: bool) -> None:
        super().__init__(why)
        self.is_for_now = is_for_now


def find_messages(app: Celery, queues: Collection[str], wanted: Collection[str]) -> set[str]:
    """Return those of these task ids of which the broker has a message. Raises `CannotTell` if it is none of Redis.

    What workers hold is looked at before and after the queues: a message may go from either to the other meanwhile.
    """
    with app.connection_for_read() as connection:
        if connection.transport.driver_type != "redis":
            raise CannotTell(f"{connection.transport.driver_type} cannot be looked into", is_for_now=False)
        channel = connection.default_channel
        found = set(_held(channel)) | set(_queued(channel, queues)) | set(_held(channel))
    return found & set(wanted)


def _queued(channel: Any, queues: Collection[str]) -> Iterator[str]:
    looked = 0
    for queue in queues:
        for priority in channel.priority_steps:
            name, at = channel._q_for_pri(queue, priority), 0  # noqa: SLF001 - the only one who knows the names
            while page := channel.client.lrange(name, at, at + PAGE - 1):
                looked, at = looked + len(page), at + PAGE
                if looked > MOST_MESSAGES:
                    raise CannotTell(f"there are more than {MOST_MESSAGES:,} messages", is_for_now=True)
                yield from (_id_of(json.loads(message)) for message in page)


def _held(channel: Any) -> Iterator[str]:
    for looked, (_tag, content) in enumerate(channel.client.hscan_iter(channel.unacked_key, count=PAGE)):
        if looked > MOST_MESSAGES:
            raise CannotTell(f"workers hold more than {MOST_MESSAGES:,} messages", is_for_now=True)
        yield _id_of(json.loads(content)[0])


def _id_of(message: dict[str, Any]) -> str:
    headers, properties = message.get("headers") or {}, message.get("properties") or {}
    return str(headers.get("id") or properties.get("correlation_id") or "")
