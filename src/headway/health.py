"""Whether the API is alive, and whether it is of use: what load balancers and supervisors ask."""

from fastapi import FastAPI, Response
from sqlalchemy.exc import SQLAlchemyError

from headway.engine.lease import count_alive
from headway.errors import AppError
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.problems import RETRY_AFTER_SECONDS
from headway.storage.store import ObjectStore


def serve_health(app: FastAPI, database: Database, store: ObjectStore, clock: Clock) -> None:
    """Add the two addresses to an app."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(response: Response) -> dict[str, str]:
        checks = {"database": "ok", "store": "ok", "worker": "ok"}
        try:
            async with database.read() as session:
                if not await count_alive(session, database, clock):
                    checks["worker"] = "no worker has given a sign of life lately; jobs will wait"
        except SQLAlchemyError:
            checks["database"] = "the database does not answer, or is not migrated"
        try:
            await store.check()
        except AppError as error:
            checks["store"] = error.detail
        if any(said != "ok" for said in checks.values()):
            response.status_code = 503
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return checks
