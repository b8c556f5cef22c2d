"""Every failure that a person can meet: code, status and title stand together, and jobs and HTTP share them.

An error is raised by meaning, never by number. The closed list of codes is documented in
`docs/reference/errors.md`, and a test keeps the two equal.
"""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """An expected failure, told in words for the person who caused it or waits for it.

    `detail` says what happened here; `data` carries facts for machines (an expected size, a line number)
    and becomes extra members of the RFC 9457 problem. Names that the problem itself uses are refused.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"
    user_action: ClassVar[str] = "Try again. If it happens again, give the support id to whoever runs this service."
    retryable: ClassVar[bool] = False

    RESERVED: ClassVar[frozenset[str]] = frozenset(
        {"type", "title", "status", "detail", "code", "user_action", "retryable"}
    )

    def __init__(self, detail: str = "", **data: Any) -> None:
        taken = self.RESERVED & data.keys()
        if taken:
            raise ValueError(f"problem data may not be named {sorted(taken)}")
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.data = data

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 object, the same for an HTTP answer and for a failed job."""
        return {
            "type": f"urn:headway:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "user_action": self.user_action,
            "retryable": self.retryable,
            **self.data,
        }


class BadRequest(AppError):
    status = 400
    code = "request.malformed"
    title = "The request could not be understood"
    user_action = "Correct the request and send it again."


class Unauthorized(AppError):
    status = 401
    code = "auth.required"
    title = "Sign in first"
    user_action = "Sign in, or send a valid token."


class Forbidden(AppError):
    status = 403
    code = "auth.forbidden"
    title = "You may not do this"
    user_action = "Ask an administrator for the right to do this."


class ScopeMissing(Forbidden):
    """Told to tokens only: whoever signs in with a password has every scope. `scope` is the one that is missing."""

    code = "auth.scope_missing"
    title = "The token is not allowed to do this"
    user_action = "Use a token that has the scope named here, or sign in."


class NotFound(AppError):
    status = 404
    code = "not_found"
    title = "There is nothing here"
    user_action = "Check the address. It may have been deleted, or it may belong to somebody else."


class Conflict(AppError):
    status = 409
    code = "conflict"
    title = "This does not fit the present state"
    user_action = "Reload to see the present state, then decide again."


class TooLarge(AppError):
    status = 413
    code = "request.too_large"
    title = "The request is too large"
    user_action = "Send less at once."


class UnsupportedMedia(AppError):
    status = 415
    code = "request.unsupported_media"
    title = "This content type is not understood here"
    user_action = "Send one of the content types that the documentation names."


class Invalid(AppError):
    status = 422
    code = "request.invalid"
    title = "Some values are not valid"
    user_action = "Correct the values named below and send the request again."


class TooMany(AppError):
    status = 429
    code = "request.too_many"
    title = "Too many requests"
    user_action = "Wait a moment and try again."
    retryable = True


class Unavailable(AppError):
    status = 503
    code = "service.unavailable"
    title = "A part of the service is away"
    user_action = "Try again in a minute. Nothing that was accepted is lost."
    retryable = True


class InsufficientStorage(AppError):
    status = 507
    code = "store.full"
    title = "There is no room left"
    user_action = "Delete what you no longer need, or ask whoever runs this service for more room."


def all_errors() -> dict[str, type[AppError]]:
    """Return every error class that is loaded, by its code."""
    found: dict[str, type[AppError]] = {}
    waiting: list[type[AppError]] = [AppError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found
