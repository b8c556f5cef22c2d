"""The HTTP side of the lines of jobs. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response

from headway.errors import Unauthorized
from headway.jobs.errors import JobNotFound
from headway.jobs.logs.schemas import JobLogs
from headway.jobs.logs.service import LogBook, as_text
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import needs
from headway.kit.problems import responses

Form = Literal["json", "text"]
TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def build_logs_router(book: LogBook, actor: Callable[..., Any]) -> APIRouter:
    """Return the route `/jobs/{id}/logs`. `actor` is a FastAPI dependency that returns an `Actor`."""
    router = APIRouter(tags=["jobs"], responses=responses(Unauthorized))
    reader = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ))]

    @router.get("/jobs/{job_id}/logs", response_model=JobLogs, responses={**TEXT, **responses(JobNotFound)})
    async def read_logs(
        who: reader,
        job_id: UUID,
        after: Annotated[
            int | None,
            Query(ge=0, le=2**53, description="Number of the last line that you know. Default: the last lines."),
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        form: Annotated[
            Form | None, Query(alias="format", description="Default: text if `Accept` names text/plain, else json.")
        ] = None,
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        """What the job did, in lines: the last ones, or those after `after`.

        Of each attempt the last 900 to 1,000 lines are kept, or 256 KB; `dropped` says how many are not. `?format=text`
        or `Accept: text/plain` gives them as text.
        """
        found = await book.read(who.owner, job_id, after=after, limit=limit)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if form == "text" or (form is None and accept.startswith("text/plain")):
            return Response(as_text(found, after), media_type="text/plain", headers=headers)
        return Response(found.model_dump_json(), media_type="application/json", headers=headers)

    return router
