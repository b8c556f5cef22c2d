"""The looks beside a Celery worker, which nobody would begin again."""

from __future__ import annotations

import logging
import threading

import pytest
from celery import Celery
from redis.exceptions import ConnectionError as BrokerGone

from headway.tracking.celery_watch import Watch
from headway.tracking.ledger import Ledger


@pytest.mark.parametrize("error", [BrokerGone("reset by peer"), ValueError("no message at all")])
def test_a_look_that_fails_in_whatever_way_is_followed_by_the_next(
    database_url: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    watch, again, looks = Watch(Celery("host"), Ledger(database_url, "celery"), ()), threading.Event(), [error]

    def look() -> None:
        if looks:
            raise looks.pop()
        again.set()

    with caplog.at_level(logging.WARNING, "headway.tracking"):
        looking = threading.Thread(target=watch._every, args=(0.01, look), daemon=True)
        looking.start()
        assert again.wait(20)
        watch.end()
        looking.join(20)
    assert str(error) in caplog.text
