"""A Celery app like many: two tasks, of which one reports. Headway knows them by the one line with `track`."""

import os
import time

from celery import Celery

from headway.tracking.celery import track
from headway.tracking.celery_task import current_job

app = Celery("shop", broker=os.environ.get("BROKER_URL", "redis://127.0.0.1:6379/0"))
track(app, os.environ["DATABASE_URL"], terminate=["shop.rebuild_index"])


@app.task(name="shop.rebuild_index")
def rebuild_index() -> None:
    """Know nothing of Headway: its owner sees that it waits, runs and ends, and may have it ended."""
    time.sleep(float(os.environ.get("SHOP_SECONDS", "20")))


@app.task(name="shop.copy_orders", bind=True, max_retries=2)
def copy_orders(self, orders: int = 500) -> None:  # type: ignore[no-untyped-def]
    """Report as well: its owner sees how many orders of how many, and it stops between two when they cancel."""
    job = current_job()
    for done in range(orders):
        if job is not None:
            job.progress(message="Copying orders", done_units=done, total_units=orders, unit="orders")
        time.sleep(float(os.environ.get("SHOP_SECONDS", "20")) / orders)
