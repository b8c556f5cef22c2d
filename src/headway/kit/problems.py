"""Errors become RFC 9457 answers here and nowhere else."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import exc as sa_exc
from starlette.exceptions import HTTPException

from headway.errors import (
    AppError,
    BadRequest,
    Forbidden,
    InsufficientStorage,
    Invalid,
    NotFound,
    ScopeMissing,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from headway.kit.guard_errors import BodyTooLarge, InvalidJson, JsonBodyTooDeep
from headway.kit.request_ids import support_id

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
"""What a 503 asks its caller to wait when the error itself does not know better."""


class MethodNotAllowed(BadRequest):
    status = 405
    code = "request.method_not_allowed"
    title = "This address does not take that method"
    user_action = "Use a method that the documentation names for this address."


class DatabaseUnavailable(Unavailable):
    """The server does not answer or ends connections, or another writer holds the file for too long."""

    code = "database.unavailable"
    title = "The database does not answer"
    user_action = "Try again in a minute. Nothing that was accepted is lost."


class DatabaseFull(InsufficientStorage):
    """The disk below the database is full; reading goes on."""

    code = "database.no_room"
    title = "The database has no room left"
    user_action = "Ask whoever runs this service for more room, then send the request again."


class Problem(BaseModel, extra="allow"):
    """An RFC 9457 problem; members beyond these are facts of the particular error."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    user_action: str
    retryable: bool


def problem_response(error: AppError, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the answer that says what failed; from status 500 on with the id that finds it in the log."""
    problem = error.problem()
    if error.status >= AppError.status:
        problem.setdefault("support_id", support_id())
    merged = dict(headers or {})
    if isinstance(error, Unauthorized):
        merged.setdefault("WWW-Authenticate", "Bearer")
    retry_after = error.data.get("retry_after_seconds")
    if retry_after is None and error.status == Unavailable.status:
        retry_after = RETRY_AFTER_SECONDS
    if retry_after is not None:
        merged.setdefault("Retry-After", str(retry_after))
    return JSONResponse(problem, status_code=error.status, headers=merged, media_type=MEDIA_TYPE)


def responses(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of a route that may raise these errors."""
    by_status: dict[int | str, list[type[AppError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {
        status: {
            "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in kinds),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, kinds in by_status.items()
    }


def describe_failures(app: FastAPI) -> None:
    """Let the OpenAPI document of an app describe failures as they are answered."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            describe_problems(generate())
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def describe_problems(document: dict[str, Any]) -> None:
    """Make an OpenAPI document say what really is answered: problems, also where FastAPI describes its own shape."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault("Problem", Problem.model_json_schema())
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody")
            kinds: list[type[AppError]] = [BadRequest] if body else []
            if body and "application/json" in body["content"]:
                kinds += [InvalidJson, BodyTooLarge, JsonBodyTooDeep]
            if body or "parameters" in operation:
                kinds.append(Invalid)
            if operation.get("security"):
                kinds.append(ScopeMissing)
            for kind in [*kinds, DatabaseUnavailable]:
                _add_response(operation, kind)


def _add_response(operation: dict[str, Any], kind: type[AppError]) -> None:
    described: dict[str, Any] = responses(kind)[kind.status]
    present = operation["responses"].get(str(kind.status), {})
    if MEDIA_TYPE in present.get("content", {}):
        described["description"] = f"{present['description']}; {described['description']}"
    operation["responses"][str(kind.status)] = described


def install_problem_handlers(app: FastAPI) -> None:
    """Make every failure of the app a problem, the unexpected ones with a support id and nothing else."""

    async def on_app_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AppError)  # noqa: S101 - the registration below guarantees it; this tells mypy
        if error.status >= AppError.status:
            # Foreseen, so nobody is woken; but its support id has to lead somewhere.
            log.info("%s on %s %s: %s", error.code, request.method, request.url.path, error.detail)
        return problem_response(error)

    async def on_validation_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        faults = [
            {"pointer": "/" + "/".join(str(part) for part in fault["loc"]), "message": str(fault["msg"])}
            for fault in error.errors()
        ]
        return problem_response(
            Invalid("; ".join(f"{fault['pointer']}: {fault['message']}" for fault in faults[:5]), errors=faults)
        )

    async def on_http_exception(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        return problem_response(_translate(error), dict(error.headers or {}))

    async def on_database_error(request: Request, error: Exception) -> JSONResponse:
        meaning = _database_meaning(error)
        if meaning is None:
            raise error
        log.warning("%s on %s %s: %s", meaning.code, request.method, request.url.path, getattr(error, "orig", error))
        return problem_response(meaning)

    async def on_unexpected(request: Request, error: Exception) -> JSONResponse:
        found_by = support_id()
        place = (request.method, request.url.path)
        log.error("unexpected failure %s on %s %s", found_by, *place, exc_info=error, extra={"support_id": found_by})
        return problem_response(AppError(support_id=found_by))

    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    # The classes above all drivers: a handler is found by the classes that an error inherits from.
    app.add_exception_handler(sa_exc.DBAPIError, on_database_error)
    app.add_exception_handler(sa_exc.TimeoutError, on_database_error)
    app.add_exception_handler(Exception, on_unexpected)


def _translate(error: HTTPException) -> AppError:
    """Starlette and FastAPI raise numbers; give each its meaning."""
    detail = str(error.detail)
    kinds: dict[int, type[AppError]] = {
        401: Unauthorized,
        403: Forbidden,
        404: NotFound,
        405: MethodNotAllowed,
        413: TooLarge,
    }
    kind = kinds.get(error.status_code, BadRequest if error.status_code < 500 else AppError)
    return kind(detail)


SQLITE_AWAY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
)
POSTGRES_FULL = "53100"
POSTGRES_AWAY = ("08", "53", "57P")
"""Classes of SQLSTATE: connections, resources such as connection slots, and servers that stop or start."""


def _database_meaning(error: Exception) -> AppError | None:
    """Return what a database's failure means to the caller, or None if it is a fault of ours."""
    if not isinstance(error, sa_exc.DBAPIError):
        return DatabaseUnavailable("All connections to the database are in use.")
    driver_says = error.orig
    if isinstance(driver_says, sqlite3.Error):
        # Extended codes keep the plain one in their lowest byte.
        code = getattr(driver_says, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return DatabaseFull()
        return DatabaseUnavailable() if code in SQLITE_AWAY else None
    state = getattr(driver_says, "sqlstate", None)
    if state == POSTGRES_FULL:
        return DatabaseFull()
    # Without a state the server never answered: the client library could not reach it, or lost it.
    lost = state is None and isinstance(error, sa_exc.OperationalError)
    if lost or error.connection_invalidated or (state or "").startswith(POSTGRES_AWAY):
        return DatabaseUnavailable()
    return None
