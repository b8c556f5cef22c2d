"""Works on the next items of an iterator in a thread of its own, while its consumer works on the last ones."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_WAIT_SECONDS = 0.1


def ahead(items: Iterator[Item], *, most: int = 2) -> Generator[Item, None, None]:
    """Yield the items, with up to `most` of them made ahead. Closing the iterator ends the thread.

    The libraries below leave the interpreter to others while they work, so two processors are used.
    """
    made: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(most)
    stopped = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, stopped), daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        stopped.set()
        thread.join()


def _make(
    items: Iterator[Item], made: queue.Queue[tuple[Item | None, BaseException | None]], stopped: threading.Event
) -> None:
    try:
        for item in items:
            if not _put(made, (item, None), stopped):
                return
        _put(made, (None, None), stopped)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the consumer raises it
        _put(made, (None, error), stopped)


def _put(
    made: queue.Queue[tuple[Item | None, BaseException | None]],
    item: tuple[Item | None, BaseException | None],
    stopped: threading.Event,
) -> bool:
    while not stopped.is_set():
        try:
            made.put(item, timeout=_WAIT_SECONDS)
        except queue.Full:
            continue
        return True
    return False
