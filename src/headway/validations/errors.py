"""What can go wrong with a validation, in words for who asked for it."""

from __future__ import annotations

from headway.errors import Conflict, NotFound


class ValidationNotFound(NotFound):
    code = "validation.not_found"
    title = "There is no such validation of the dataset"
    user_action = "Look in the list of the dataset's jobs. It may have been deleted."


class NoReport(Conflict):
    """`phase` is that of the job."""

    code = "validation.no_report"
    title = "The validation has no report"
    user_action = "Wait until its job has completed; if it failed or was cancelled, start another one."
