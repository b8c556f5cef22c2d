"""What it takes to add a kind of job: one value that names it, its parameters, and the function that does the work.

Such a kind needs nothing else of Headway: it is submitted with `POST /jobs`, waits its turn, is shown, cancelled,
tried again and recovered as imports are. `docs/how-to/add-a-job-kind.md` has a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from headway.jobs.errors import ParametersInvalid
from headway.jobs.execution import Task, TaskContext
from headway.jobs.runner import Queue

__all__ = ["Done", "JobKind", "TaskContext", "by_name", "load_kinds", "with_tasks_of"]

Parameters = TypeVar("Parameters", bound=BaseModel)

PARAMETERS = "parameters"
"""The member of a job's metadata that keeps what it was asked for."""

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
"""With a dot: words such as `export` are free for jobs that other programs run."""

LONGEST_NAME = 64


class KindUnusable(ValueError):
    """A setting names what is no kind of job, or cannot be one; nothing starts with it."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a job of a kind ended well: what people read, and what programs do. `partial` left something out."""

    message: str
    result: dict[str, Any] = field(default_factory=dict)
    outcome: Literal["succeeded", "partial"] = "succeeded"


@dataclass(frozen=True, slots=True)
class JobKind(Generic[Parameters]):
    """One kind of job. `name` is also the `job_type` under which its jobs are submitted, listed and kept.

    It waits in the queue `bulk`, of which a worker runs one job at a time, or beside imports if it is short. With
    `repeats` a job begins anew after its worker was lost; what must never be done twice has it False, and fails then.
    """

    name: str
    parameters: type[Parameters]
    run: Callable[[TaskContext, Parameters], Awaitable[Done]]
    title: str = ""
    queue: Queue = "bulk"
    repeats: bool = True

    def checked(self, parameters: Mapping[str, Any]) -> Parameters:
        """Return the parameters as the kind reads them. Raises `ParametersInvalid`."""
        try:
            return self.parameters.model_validate(parameters)
        except ValidationError as error:
            faults = [
                {"pointer": "/".join(("", PARAMETERS, *map(str, fault["loc"]))), "message": fault["msg"]}
                for fault in error.errors(include_url=False, include_input=False)
            ]
            said = "; ".join(f"{fault['pointer']}: {fault['message']}" for fault in faults[:5])
            raise ParametersInvalid(said, errors=faults) from None

    def task(self) -> Task:
        """Return what a worker runs."""

        async def run(context: TaskContext) -> None:
            # Checked again: another version of the kind may have taken them in.
            done = await self.run(context, self.checked(context.details.get(PARAMETERS, {})))
            await context.service.finish(
                context.lease, outcome=done.outcome, message=done.message, stage="done", result=done.result
            )

        return Task(run=run, repeats=self.repeats)


AnyKind = JobKind[Any]


def by_name(kinds: Iterable[AnyKind]) -> dict[str, AnyKind]:
    """Return kinds by their names. Raises `KindUnusable` if one has no fit name, or that of another."""
    found: dict[str, AnyKind] = {}
    for kind in kinds:
        if not NAME.fullmatch(kind.name) or len(kind.name) > LONGEST_NAME:
            raise KindUnusable(f"{kind.name!r} cannot be the name of a kind of job: write it like sales.monthly_report")
        if kind.name in found:
            raise KindUnusable(f"two kinds of jobs have the name {kind.name!r}")
        found[kind.name] = kind
    return found


def load_kinds(places: Iterable[str]) -> dict[str, AnyKind]:
    """Return the kinds that stand at these places, each a `module:name`. Raises `KindUnusable` for what is none."""
    return by_name([_load(place) for place in places])


def with_tasks_of(kinds: Mapping[str, AnyKind], own: Mapping[str, Task]) -> dict[str, Task]:
    """Return all tasks by their names. Raises `KindUnusable` if a kind would take the place of one of our own."""
    if taken := sorted(kinds.keys() & own.keys()):
        raise KindUnusable(f"{taken[0]!r} is the name of a task of Headway itself")
    return {**own, **{name: kind.task() for name, kind in kinds.items()}}


def _load(place: str) -> AnyKind:
    module, _, name = place.partition(":")
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise KindUnusable(f"the kind of job {place!r} cannot be loaded: {error}") from error
    if not isinstance(kind, JobKind):
        raise KindUnusable(f"{place!r} is no kind of job, but {type(kind).__name__}")
    return kind
