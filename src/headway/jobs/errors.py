"""What can go wrong with a job, in words for its owner."""

from __future__ import annotations

from headway.errors import AppError, Conflict, Invalid, NotFound, TooMany, Unavailable


class JobNotFound(NotFound):
    code = "job.not_found"
    title = "There is no such job"
    user_action = "Look in the list of your jobs. Ended jobs are removed after a while."


class JobEnded(Conflict):
    code = "job.ended"
    title = "The job has already ended"
    user_action = "Nothing needs to be done. Reload to see how it ended."


class StaleLease(Conflict):
    """A worker that lost its job to a successor may neither report nor publish."""

    code = "job.stale_lease"
    title = "Somebody else runs this job now"
    user_action = "Stop working on it: a newer attempt has taken over, and nothing you report would count."


class NotYoursToReport(Conflict):
    code = "job.not_external"
    title = "This job is run by the service itself"
    user_action = "Report progress only on jobs that you created with POST /jobs."


class JobStillRunning(Conflict):
    code = "job.still_running"
    title = "The job has not ended yet"
    user_action = "Cancel it first, or wait until it ends."


class UnknownFilter(Invalid):
    code = "job.unknown_filter"
    title = "The filter is not one that jobs have"
    user_action = "Use the filters that the documentation of this address names."


class TooManyStreams(TooMany):
    code = "job.too_many_streams"
    title = "Too many live connections are open for this account"
    user_action = "Close other windows or scripts that watch jobs, then try again."


class WorkerSilent(Conflict):
    """Never answered over HTTP; stored on a job whose reporter stopped reporting."""

    code = "job.silent"
    title = "Whoever ran this job stopped reporting"
    user_action = "Check the program that runs it, then start it again."
    retryable = True


class MessageNotSent(Unavailable):
    """Never answered over HTTP; stored on a job that was announced, and whose message its broker never got."""

    code = "task.not_sent"
    title = "The task could not be given to a worker"
    user_action = "Start it again in a minute. If that fails as well, tell whoever runs the service."


class WorkersLost(AppError):
    """Never answered over HTTP; stored on a job that lost one worker after another."""

    code = "job.workers_lost"
    title = "Every worker that ran this job was lost"
    user_action = "Try again later. If it happens again, tell whoever runs this service which job it was."
    retryable = True


class ReportedFailure(AppError):
    """Never answered over HTTP; stored on a job of which the program that ran it says that it failed."""

    code = "job.reported_failure"
    title = "The program that ran this job reported that it failed"
    user_action = "Read what the program says. If that does not help, ask whoever runs it."


class NoFailedItems(Conflict):
    code = "job.no_failed_items"
    title = "This job cannot be tried again for a part of its items"
    user_action = "Try all of it again. Rows that an import rejected are corrected and brought back at its dataset."


class JobReplaced(Conflict):
    """`dataset_id` is what there is already."""

    code = "job.replaced"
    title = "What this job was to make exists by now"
    user_action = "Open that dataset. If you want a second one, upload the file again and ask for it."


class UnknownKind(Invalid):
    """`kinds` are the names of those that there are."""

    code = "job.unknown_kind"
    title = "Headway has no such kind of job"
    user_action = "Use a kind that is installed here, or leave `parameters` out for a job that you run yourself."


class ParametersInvalid(Invalid):
    """`errors` says which, as for every request; stored on a job whose kind does not take them any more."""

    code = "job.parameters_invalid"
    title = "The job cannot be done with these parameters"
    user_action = "Correct what is named and submit the job again."


class TooManyJobs(TooMany):
    """`limit` is how many may wait and run."""

    code = "job.too_many"
    title = "Too many of your jobs wait or run"
    user_action = "Wait until some have ended, or cancel those that you do not need."


class NotRepeated(AppError):
    """Never answered over HTTP; stored on a job of a kind whose work may have been half done when it was broken off."""

    code = "job.not_repeated"
    title = "The job was broken off, and is not begun again by itself"
    user_action = "Look at what it has done already. If it may be done once more, try the job again."


class NotRetryable(Conflict):
    code = "job.not_retryable"
    title = "This job cannot be tried again"
    user_action = "Start it anew: upload the file again, or start the program that ran it."


class QueuePaused(Conflict):
    """Never answered over HTTP; a worker that is given a job of a paused queue holds it until the queue goes on."""

    code = "queue.paused"
    title = "The operator has paused this queue"
    user_action = "Nothing needs to be done: the job starts when the queue goes on."
    retryable = True


class QueueNotFound(NotFound):
    code = "queue.not_found"
    title = "There is no such queue"
    user_action = "Use the name of a queue: imports or bulk."
