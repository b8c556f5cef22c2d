"""A shop with users of its own, in whose app the list of jobs is mounted: `uvicorn app:app`.

`POST /login` gives a token of the shop; `POST /reports` begins a report, which its owner follows under `/jobs-api/jobs`.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException

from headway.mount import Actor, jwt_actor, mount_jobs

SECRET = os.environ["SHOP_SECRET"]
PASSWORDS = {"ada": "correct-horse", "ben": "battery-staple"}

app = FastAPI(title="The shop")
signed_in = jwt_actor(secret=SECRET, audience="shop")
jobs = mount_jobs(app, actor=signed_in, database_url=os.environ["DATABASE_URL"], prefix="/jobs-api")
running: set[asyncio.Task[None]] = set()


@app.post("/login")
async def login(name: str, password: str) -> dict[str, str]:
    if PASSWORDS.get(name) != password:
        raise HTTPException(401, "wrong name or password")
    claims = {"sub": name, "aud": "shop", "exp": datetime.now(UTC) + timedelta(hours=1)}
    return {"token": jwt.encode(claims, SECRET, "HS256")}


@app.post("/reports", status_code=202)
async def begin_report(who: Annotated[Actor, Depends(signed_in)]) -> dict[str, str]:
    job = await jobs.service.create_job(who.owner, "report", title="Sales of the month")
    task = asyncio.create_task(make_report(job.id))
    running.add(task)
    task.add_done_callback(running.discard)
    return {"job": str(job.id)}


async def make_report(job_id) -> None:  # type: ignore[no-untyped-def]
    await jobs.service.start_job(job_id)
    for day in range(1, 31):
        said = await jobs.service.update_progress(
            job_id, None, f"Day {day}", done_units=day, total_units=30, unit="days"
        )
        if said.cancel_requested:
            await jobs.service.complete_job(job_id, error="Stopped by its owner.")
            return
        await asyncio.sleep(0)  # the shop's own work
    await jobs.service.complete_job(job_id, result={"orders": 512})
