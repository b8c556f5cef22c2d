"""How long the audit remembers."""

from __future__ import annotations

from headway.audit.log import AuditRetention, By, Target, record
from headway.audit.reading import AuditReader, Wanted
from headway.kit.db import Database
from tests.support.clock import FakeClock

DAY = 24 * 3600


async def test_old_entries_go_and_the_others_stay_as_they_are(database: Database, clock: FakeClock) -> None:
    for _ in range(2):
        async with database.write() as session:
            await record(session, clock, By("boss"), "queue.pause", Target("queue", "bulk"), reason="why")
        clock.advance(200 * DAY)
    reader, retention = AuditReader(database), AuditRetention(database, clock, 365)
    newest, _oldest = (await reader.list_entries(Wanted(), limit=10, cursor=None)).entries
    assert (await retention.forget(dry_run=True)).count == 1
    assert (await AuditRetention(database, clock, 0).forget(dry_run=False)).count == 0
    assert (await retention.forget(dry_run=False)).count == 1
    (left,) = (await reader.list_entries(Wanted(), limit=10, cursor=None)).entries
    assert (left.id, left.details) == (newest.id, {"reason": "why"})
