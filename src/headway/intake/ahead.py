"""Work in threads of its own: on the next items of an iterator while its consumer works on the last ones, or beside."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_WAIT_SECONDS = 0.1


def ahead(items: Generator[Item, None, None], *, most: int = 2) -> Generator[Item, None, None]:
    """Yield the items, with up to `most` of them made ahead. Closing the iterator ends the thread.

    The libraries below leave the interpreter to others while they work, so two processors are used.
    """
    made: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(most)
    error: BaseException | None = None
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
        # An error and the frames that it was raised in would keep each other, and all that lies in them.
        error = None
        stopped.set()
        thread.join()


def _make(
    items: Generator[Item, None, None],
    made: queue.Queue[tuple[Item | None, BaseException | None]],
    stopped: threading.Event,
) -> None:
    try:
        for item in items:
            if not _put(made, (item, None), stopped):
                return
        _put(made, (None, None), stopped)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the consumer raises it
        _put(made, (None, error), stopped)
    finally:
        items.close()


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


def beside(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin work and return what waits for its result. Work whose result nobody wants is waited for by nobody."""
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whatever it is, whoever asks for the result raises it
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result
