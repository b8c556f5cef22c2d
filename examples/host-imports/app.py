"""A shop with users of its own, in whose app Headway is mounted: `uvicorn app:app`.

`POST /login` gives a token of the shop; with it files are sent to `/data/imports`, and become datasets of that person.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException

from headway.hosting import Actor, Settings, jwt_actor, mount_headway

SECRET = os.environ["SHOP_SECRET"]
PASSWORDS = {"ada": "correct-horse", "ben": "battery-staple"}
gone: set[str] = set()

app = FastAPI(title="The shop")
signed_in = jwt_actor(secret=SECRET, audience="shop")


async def is_customer(owner: str) -> bool:
    return owner not in gone


headway = mount_headway(app, actor=signed_in, settings=Settings(), prefix="/data", may_import=is_customer)


@app.post("/login")
async def login(name: str, password: str) -> dict[str, str]:
    if PASSWORDS.get(name) != password or name in gone:
        raise HTTPException(401, "wrong name or password")
    claims = {"sub": name, "aud": "shop", "exp": datetime.now(UTC) + timedelta(hours=1)}
    return {"token": jwt.encode(claims, SECRET, "HS256")}


@app.delete("/account")
async def leave(who: Annotated[Actor, Depends(signed_in)]) -> dict[str, int]:
    gone.add(who.owner)
    erased = await headway.erase(who.owner)
    return {"datasets": erased.datasets, "files": erased.files}
