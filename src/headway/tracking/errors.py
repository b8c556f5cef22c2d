"""What becomes of a task that another engine runs, in words for its owner. None is answered over HTTP."""

from __future__ import annotations

from headway.errors import AppError


class TaskTimeLimit(AppError):
    code = "task.time_limit"
    title = "The task took longer than it may"
    user_action = "Try it with less at once. If it should take so long, ask whoever runs the service for more time."


class TaskProcessLost(AppError):
    code = "task.process_lost"
    title = "The process that ran this task was killed"
    user_action = "Start it again. If it happens again, tell whoever runs the service: it may need more memory."
    retryable = True


class TaskMessageLost(AppError):
    code = "task.message_lost"
    title = "The task was lost before a worker began it"
    user_action = "Start it again. If it happens again, tell whoever runs the service."
    retryable = True


class TaskExpired(AppError):
    code = "task.expired"
    title = "The task waited for a worker until it was too late for it"
    user_action = "Start it again if it is still wanted."
    retryable = True


class TaskUnknown(AppError):
    code = "task.unknown"
    title = "No worker knows how to do this"
    user_action = "Tell whoever runs the service: a worker runs another version of the program."


class TaskRejected(AppError):
    code = "task.rejected"
    title = "The task refused to run"
    user_action = "Ask whoever runs the service what it needs."
