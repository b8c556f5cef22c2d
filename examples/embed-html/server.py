"""A site whose pages show Headway: pages under a strict policy, and tokens for whoever is signed in there.

`HEADWAY_URL` is where Headway is, `HEADWAY_TOKEN` an API token of the account whose jobs the pages show, with the
scopes `jobs:read` and `imports:write`. `PAGES` is another folder of pages, such as that of the React example.
"""

import os
from pathlib import Path

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import RequestResponseEndpoint

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "examples" / "embed-html" / "pages"
ELEMENTS = ROOT / "dist" / "headway-elements"
SCOPES = ["jobs:read:user", "imports:write:user"]


def create_site(headway: str, api_token: str, pages: Path = PAGES) -> FastAPI:
    app = FastAPI(openapi_url=None)
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {headway};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types lit-html"
    )

    @app.middleware("http")
    async def protect(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = policy
        return response

    @app.get("/settings.json")
    async def settings() -> dict[str, str]:
        return {"headway": headway}

    @app.post("/headway-token")
    async def give_token() -> Response:
        # Your site looks here who is signed in, and takes the API token of that person's account.
        async with httpx.AsyncClient(base_url=headway, trust_env=False) as client:
            answer = await client.post(
                "/api/v2/jobs/tokens",
                json={"scopes": SCOPES},
                headers={"Authorization": f"Bearer {api_token}"},
            )
        return Response(answer.content, answer.status_code, media_type="application/json")

    app.mount("/headway-elements", StaticFiles(directory=ELEMENTS))
    app.mount("/", StaticFiles(directory=pages, html=True))
    return app


def site() -> FastAPI:
    pages = Path(os.environ.get("PAGES", PAGES))
    return create_site(os.environ["HEADWAY_URL"], os.environ["HEADWAY_TOKEN"], pages)
