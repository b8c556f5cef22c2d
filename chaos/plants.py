"""Faults planted on purpose, each with the experiment that must see it. A checker that finds none of them finds nothing.

A plant is a copy of the product's source with a few lines changed. Where two safeguards stand behind each other, the
plant removes both, because one alone is no fault that anybody could see.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.altered import Edit


@dataclass(frozen=True)
class Plant:
    """A fault: what is changed, and where it must show within so many seconds of disturbance."""

    name: str
    experiment: str
    seconds: float
    edits: tuple[Edit, ...]
    short: bool = False
    """Whether it belongs to the short run, which is part of `./x test`."""


_NO_FENCE = (
    Edit(
        "jobs/queries.py",
        "        BackgroundJob.attempt == lease.attempt,\n        BackgroundJob.lease_owner == lease.owner,\n",
        "",
    ),
    Edit(
        "jobs/states.py",
        "(job.attempt, job.lease_owner) == (attempt, owner) and job.status not in TERMINAL",
        "True",
    ),
)

PLANTS = {
    plant.name: plant
    for plant in (
        Plant("no-fencing", "frozen_worker", 30, _NO_FENCE),
        Plant(
            "progress-reset",
            "calm",
            8,
            (
                Edit(
                    "jobs/transitions.py",
                    'values["progress"] = queries.never_below(BackgroundJob.progress, values["progress"])',
                    'values["progress"] = values["progress"] if values["progress"] < 80 else 20',
                ),
                Edit(
                    "jobs/ticks.py",
                    'values["progress"] = max(values["progress"], job.progress)',
                    'values["progress"] = values["progress"] if values["progress"] < 80 else 20',
                ),
            ),
            short=True,
        ),
        Plant(
            "no-owner-filter",
            "calm",
            5,
            (
                Edit("jobs/queries.py", "return BackgroundJob.user_id == owner", "return BackgroundJob.user_id != ''"),
                Edit(
                    "datasets/queries.py",
                    ".join(DatasetVersion, joined).where(Dataset.user_id == owner)",
                    ".join(DatasetVersion, joined).where(Dataset.user_id != '')",
                ),
            ),
            short=True,
        ),
        Plant(
            "silent-lease",
            "calm",
            20,
            (
                Edit(
                    "jobs/progress.py",
                    "        while not self.lost:\n            await asyncio.sleep(",
                    "        while False:\n            await asyncio.sleep(",
                ),
                Edit("jobs/progress.py", "        if not new_stage and percent", "        if not new_stage or percent"),
            ),
        ),
        Plant(
            "blind-reaper",
            "frozen_alone",
            30,
            (Edit("jobs/reaper.py", "        if silent_seconds < lease:\n", "        if lease:\n"),),
        ),
        Plant(
            "endless-poison",
            "poison",
            5,
            (Edit("jobs/service.py", "            if crashes < max_crashes:\n", "            if max_crashes:\n"),),
        ),
        Plant(
            "forgetful-keys",
            "lost_answers",
            10,
            (
                Edit(
                    "intake/idempotency.py",
                    "        if key is None:\n            return None\n",
                    "        if key is None or key:\n            return None\n",
                ),
                Edit(
                    "intake/service.py",
                    "            if key is not None:\n                await self.keys.claim_in",
                    "            if key == '':\n                await self.keys.claim_in",
                ),
            ),
        ),
        Plant(
            "appending-blindly",
            "tus_kills",
            30,
            (
                Edit(
                    "storage/local_appender.py",
                    "                self._file.truncate(offset)\n                self._file.seek(offset)\n",
                    "                self._file.seek(0, os.SEEK_END)\n",
                ),
            ),
        ),
        Plant(
            "early-acknowledgement",
            "calm",
            5,
            (
                Edit(
                    "intake/service.py",
                    "        await arrival.make_durable()\n",
                    "        await arrival.make_durable()\n"
                    "        if lease.job_id.int % 3 == 0:\n"
                    "            return await self._jobs.get_job_by_id(lease.job_id, owner)\n",
                ),
            ),
        ),
        Plant(
            "forgotten-delivery",
            "calm",
            5,
            (
                Edit(
                    "jobs/deliveries.py",
                    "                if job.id in forgotten:\n",
                    "                if job.id in forgotten and False:\n",
                ),
                Edit(
                    "intake/acceptance.py",
                    "            await self._submitter.enqueue(session, Submission(lease.job_id, file.owner))\n",
                    "            if lease.job_id.int % 3:\n                await self._submitter.enqueue(session, Submission(lease.job_id, file.owner))\n",
                ),
            ),
        ),
        Plant(
            "no-fsync",
            "power_cut",
            25,
            (
                Edit("storage/local.py", "            os.fsync(self._file.fileno())\n", ""),
                Edit("kit/files.py", "        os.fsync(descriptor)\n", "        pass\n"),
            ),
        ),
        Plant(
            "lazy-database",
            "power_cut",
            25,
            (Edit("kit/db.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF"),),
        ),
        Plant(
            "patient-server",
            "slow_connections",
            20,
            (
                Edit(
                    "kit/connection_guard.py",
                    "        left = began + self.limits.head_seconds - self.loop.time()\n",
                    "        left = self.limits.head_seconds\n",
                ),
                Edit(
                    "kit/connection_guard.py",
                    "        whole = self.limits.body_window_seconds\n",
                    "        return self.limits.body_window_seconds\n        whole = 0.0\n",
                ),
            ),
        ),
        Plant(
            "no-second-try",
            "slow_store",
            25,
            (
                Edit(
                    "jobs/execution.py",
                    "        if not error.retryable or retries.are_over:\n",
                    "        if error.retryable or retries.are_over:\n",
                ),
            ),
        ),
        Plant(
            "greedy-sweep",
            "calm",
            5,
            (
                Edit(
                    "intake/sweep_objects.py",
                    "        else:\n            found, name = await anext",
                    "        else:\n            yield found, None\n            found, name = await anext",
                ),
                Edit(
                    "intake/sweep_objects.py",
                    "sorted(objects.keys() - await names.needed(objects.keys())) if objects else ()",
                    "sorted(objects.keys())",
                ),
            ),
        ),
        Plant(
            "lazy-sweep",
            "calm",
            5,
            (
                Edit(
                    "intake/sweep_objects.py",
                    "            if not dry_run:\n                await store.delete(key)\n            unneeded",
                    "            unneeded",
                ),
            ),
        ),
        Plant(
            "no-snapshot",
            "reconnects",
            6,
            (
                Edit(
                    "jobs/channel.py",
                    '        epoch, _, number = (last_event_id or "").partition(".")\n',
                    '        epoch, _, number = (last_event_id or "").partition(".")\n'
                    "        if last_event_id and epoch != self._epoch:\n            return self.seq\n",
                ),
            ),
        ),
        Plant(
            "end-told-twice",
            "reconnects",
            6,
            (
                Edit(
                    "jobs/channel.py",
                    "(self.seq, frame(kind, data, self._id()))",
                    '(self.seq, frame(kind, data, self._id()) * (2 if kind == "finished" else 1))',
                ),
            ),
            short=True,
        ),
        Plant(
            "files-after-the-end",
            "late_files",
            5,
            (
                Edit(
                    "jobs/artifacts/queries.py",
                    "        IS_ACTIVE,\n        BackgroundJob.engine == engine,\n",
                    "        BackgroundJob.engine == engine,\n",
                ),
                Edit(
                    "jobs/transitions.py",
                    "queries.update(session, self._clock.now(), sa.and_(where, IS_ACTIVE), {})",
                    "queries.update(session, self._clock.now(), where, {})",
                ),
            ),
        ),
        Plant(
            "no-ratio-check",
            "bombs",
            30,
            (Edit("intake/codecs.py", "_Gzip, 200)", "_Gzip, 10**9)"),),
        ),
    )
}
