"""Nothing is harmed. The same users, watchers and checker as in the storm must find nothing, and no alarm be false.

It shows what the checker sees when all is well; most planted faults are caught here already, without any kill.
"""

from __future__ import annotations

import time

from chaos.arena import Arena, running_arena
from chaos.experiment import Options, Outcome
from chaos.long_job import ROWS, long_upload

LONG_RUN_SECONDS = 20
LONG_ROWS = 3 * ROWS
"""So many that a fast machine parses them for longer than a lease lasts."""


def run(options: Options) -> Outcome:
    """Upload for `options.seconds`; every job ends at its first attempt. In 20 s or more, one outlasts a lease."""
    outcome = Outcome()
    with running_arena(options) as arena:
        with arena.uploading():
            if options.seconds >= LONG_RUN_SECONDS:
                client = next(iter(arena.clients.values()))
                long_upload(client, arena.ledger, arena.options.random("long"), LONG_ROWS)
            time.sleep(options.seconds)  # the experiment itself: time passes, and nothing may happen
        _expect_no_false_alarm(arena, outcome)
        arena.judge(outcome)
    return outcome


def _expect_no_false_alarm(arena: Arena, outcome: Outcome) -> None:
    """Nobody was taken for dead: every job began once, and none was ever called stalled."""
    arena.drain(outcome)
    with arena.engine.connect() as connection:
        kinds = ("stalled", "worker_lost", "crashed", "redelivered", "handed_back")
        statement = f"select kind, count(*) from job_events where kind in {kinds} group by kind"
        found: dict[str, int] = dict(connection.exec_driver_sql(statement).all())
    for kind, count in found.items():
        outcome.violations.append(f"nothing was harmed, and {count} jobs have the event {kind!r}")
