"""The pages: one HTML file for every address, hashed assets that never change, and headers that let nothing in.

Assets are compressed when they are built; compressing them matters more for the first paint than the framework.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from headway.errors import NotFound

UI = Path(__file__).parent / "_ui"
NOT_PAGES = ("/api/", "/healthz", "/readyz", "/metrics")
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
FOREVER = "public, max-age=31536000, immutable"

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types lit-html"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

NOT_BUILT = """<!doctype html><html lang="en"><title>Headway</title>
<h1>The pages are not built yet</h1><p>The API works. <code>./x run</code> builds the pages and starts again.</p>"""


def mount_ui(app: FastAPI, folder: Path = UI) -> None:
    """Answer every address that no route has taken: assets by their name, pages by the one HTML file."""

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request, path: str) -> Response:
        if request.url.path.startswith(NOT_PAGES):
            raise NotFound
        file = (folder / path).resolve()
        if path and file.is_file() and file.is_relative_to(folder) and not file.name.startswith("."):
            return _asset(request, file, immutable=path.startswith("assets/"))
        if "text/html" not in request.headers.get("accept", ""):
            raise NotFound
        return _index(folder)


def _index(folder: Path) -> Response:
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
    index = folder / "index.html"
    if not index.exists():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=headers)
    return HTMLResponse(index.read_text(), headers=headers)


def _asset(request: Request, file: Path, *, immutable: bool) -> Response:
    headers = {**SECURITY_HEADERS, "Cache-Control": FOREVER if immutable else "no-cache", "Vary": "Accept-Encoding"}
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    accepted = request.headers.get("accept-encoding", "")
    for encoding, suffix in ENCODINGS:
        packed = file.with_name(file.name + suffix)
        if encoding in accepted and packed.exists():
            return FileResponse(packed, media_type=media_type, headers={**headers, "Content-Encoding": encoding})
    return FileResponse(file, media_type=media_type, headers=headers)
