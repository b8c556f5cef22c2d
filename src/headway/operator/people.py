"""Puts names to the owners, deeds and targets that rows know by their ids, in one question for each answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from headway.jobs.overview import SeenJob
from headway.operator.schemas import OperatorJob, Person

FindEmails = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""Returns the e-mails of those of these people that are known."""


class People:
    """Everybody whom one answer names."""

    def __init__(self, emails: Mapping[str, str]) -> None:
        self._emails = emails

    @classmethod
    async def named(cls, find: FindEmails, ids: Iterable[str]) -> People:
        return cls(await find(set(ids)))

    def __getitem__(self, owner: str) -> Person:
        return Person(id=owner, email=self._emails.get(owner))

    def job(self, job: SeenJob) -> OperatorJob:
        return OperatorJob(
            owner=self[job.owner],
            **{
                name: getattr(job, name)
                for name in (
                    "id", "job_type", "title", "phase", "progress", "stage", "message", "error", "code", "attempt",
                    "worker", "paused", "retryable", "since", "created_at",
                )
            },
        )  # fmt: skip
