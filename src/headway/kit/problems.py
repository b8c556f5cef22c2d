"""Errors become RFC 9457 answers here and nowhere else."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from headway.errors import AppError, BadRequest, Forbidden, Invalid, NotFound, TooLarge, Unauthorized

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class MethodNotAllowed(BadRequest):
    status = 405
    code = "request.method_not_allowed"
    title = "This address does not take that method"
    user_action = "Use a method that the documentation names for this address."


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
    merged = dict(headers or {})
    if isinstance(error, Unauthorized):
        merged.setdefault("WWW-Authenticate", "Bearer")
    retry_after = error.data.get("retry_after_seconds")
    if retry_after is not None:
        merged.setdefault("Retry-After", str(retry_after))
    return JSONResponse(error.problem(), status_code=error.status, headers=merged, media_type=MEDIA_TYPE)


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


def describe_problems(document: dict[str, Any]) -> None:
    """Make an OpenAPI document say what really is answered: problems, also where FastAPI describes its own shape."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault("Problem", Problem.model_json_schema())
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                _add_response(operation, BadRequest)
            if "requestBody" in operation or "parameters" in operation:
                _add_response(operation, Invalid)


def _add_response(operation: dict[str, Any], kind: type[AppError]) -> None:
    described: dict[str, Any] = responses(kind)[kind.status]
    present = operation["responses"].get(str(kind.status), {})
    if MEDIA_TYPE in present.get("content", {}):
        described["description"] = f"{present['description']}; {described['description']}"
    operation["responses"][str(kind.status)] = described


def install_problem_handlers(app: FastAPI) -> None:
    """Make every failure of the app a problem, the unexpected ones with a support id and nothing else."""

    async def on_app_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AppError)  # noqa: S101 - the registration below guarantees it; this tells mypy
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

    async def on_unexpected(request: Request, error: Exception) -> JSONResponse:
        support_id = uuid4().hex
        log.error("unexpected failure %s on %s %s", support_id, request.method, request.url.path, exc_info=error)
        return problem_response(AppError(support_id=support_id))

    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
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
