"""What a program may have to deal with: the server says no or is not there, the owner wants it to stop, a file stayed out."""

from __future__ import annotations

from typing import Any


class HeadwayError(Exception):
    """Everything that this client raises."""


class JobCancelled(HeadwayError):
    """The owner pressed *Cancel*. Let it end the `with` block: the job is then shown as cancelled."""


class NotAttached(HeadwayError):
    """A file did not become one of the job's. The message says why."""


class Unreachable(HeadwayError):
    """Nobody answered, or the connection broke."""


class Refused(HeadwayError):
    """The server said no. Branch on `code`, which never changes its meaning; the sentences are for people."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        said = str(problem.get("detail") or problem.get("title") or f"it answered {status}")
        super().__init__(f"{said} {problem.get('user_action', '')}".strip())
        self.status = status
        self.problem = problem
        """All that the server says, as docs/reference/errors.md lists it."""

    @property
    def code(self) -> str:
        return str(self.problem.get("code", "client.foreign_answer"))

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return bool(self.problem.get("retryable", self.status >= 500))
