"""What a program that reports may have to deal with: that its owner wants it to stop, and a file that did not arrive."""

from __future__ import annotations


class HeadwayError(Exception):
    """Everything that this client raises."""


class JobCancelled(HeadwayError):
    """The owner pressed *Cancel*. Let it end the `with` block: the job is then shown as cancelled."""


class NotAttached(HeadwayError):
    """A file did not become one of the job's. The message says why."""
