"""The pages: one HTML file for every address, hashed assets that never change, and headers that let nothing in.

Assets are compressed when they are built; compressing them matters more for the first paint than the framework.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.types import Receive, Scope, Send

from headway.errors import NotFound

UI = Path(__file__).parent / "_ui"
NOT_PAGES = ("/api/", "/healthz/", "/readyz/", "/metrics/")
ASSETS = "/assets/"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
FOREVER = "public, max-age=31536000, immutable"

EMBEDDED = r"/headway-(jobs|importer)\.js|/embed/[\w.-]+\.js"
"""Pattern of what pages of others load."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types lit-html headway-worker"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

NOT_BUILT = """<!doctype html><html lang="en"><title>Headway</title>
<h1>The pages are not built yet</h1><p>The API works. <code>./x run</code> builds the pages and starts again.</p>"""


def mount_ui(app: FastAPI, folder: Path = UI) -> None:
    """Answer every address that no route has taken: assets by their name, pages by the one HTML file.

    This is the router's last resort and no route of its own: a route for every path would also match what the API
    refuses by method (405), and would leave an unknown API address to the methods that it does not take.
    """
    folder = folder.resolve()

    async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await unknown(scope, receive, send)
            return
        await _answer(Request(scope), folder)(scope, receive, send)

    unknown = app.router.default
    app.router.default = otherwise
    # An address with a slash too many is unknown; sending it elsewhere would trust the Host header.
    app.router.redirect_slashes = False


def mount_elements(app: FastAPI, folder: Path = UI) -> None:
    """Answer for the modules that pages of a host load, wherever the app is mounted, and for no page."""
    folder = folder.resolve()

    def answer(address: str, *, immutable: bool) -> None:
        @app.get(address, include_in_schema=False)
        async def element(request: Request, name: str) -> Response:
            file = _file(folder, address.format(name=name))
            if file is None:
                raise NotFound
            return _asset(request, file, immutable=immutable)

    answer("/headway-{name}.js", immutable=False)
    answer("/embed/{name}.js", immutable=True)


def _answer(request: Request, folder: Path) -> Response:
    path: str = request.scope["path"]
    is_page = request.method in {"GET", "HEAD"} and not f"{path}/".startswith(NOT_PAGES)
    if not is_page:
        raise NotFound
    file = _file(folder, path)
    if file is not None:
        return _asset(request, file, immutable=path.startswith(ASSETS))
    # A page of an older build may ask for a script that is gone: HTML would be a worse answer than none.
    if path.startswith(ASSETS) or "text/html" not in request.headers.get("accept", ""):
        raise NotFound
    return _index(folder)


def _file(folder: Path, path: str) -> Path | None:
    """Return the file of this name, if it is one that may be served."""
    try:
        file = (folder / path.lstrip("/")).resolve()
        served = file.is_file() and file.is_relative_to(folder) and not file.name.startswith(".")
    except (OSError, ValueError):
        # No file can have such a name: too long, or with a null byte in it.
        return None
    return file if served else None


def _index(folder: Path) -> Response:
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
    index = folder / "index.html"
    if not index.exists():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=headers)
    return HTMLResponse(index.read_text(), headers=headers)


def _asset(request: Request, file: Path, *, immutable: bool) -> Response:
    headers = {**SECURITY_HEADERS, "Cache-Control": FOREVER if immutable else "no-cache", "Vary": "Accept-Encoding"}
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    accepted = _accepted(request.headers.get("accept-encoding", ""))
    for encoding, suffix in ENCODINGS:
        packed = file.with_name(file.name + suffix)
        if encoding in accepted and packed.exists():
            return FileResponse(packed, media_type=media_type, headers={**headers, "Content-Encoding": encoding})
    return FileResponse(file, media_type=media_type, headers=headers)


def _accepted(header: str) -> set[str]:
    """Return the encodings that an `Accept-Encoding` header names and does not refuse with `q=0`."""
    accepted = set()
    for part in header.lower().split(","):
        name, _, quality = part.partition(";")
        if quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            accepted.add(name.strip())
    return accepted
