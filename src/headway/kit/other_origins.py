"""What pages of other origins may ask for: some addresses, from some origins, never with a session's cookie.

The product's own pages are of its own origin and need none of this. A page elsewhere shows jobs with a token that its
own server gave it, and its browser lets it read the answers only if we say so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from headway.kit.asgi import App, Message, Receive, Scope, Send
from headway.kit.guard_errors import NotOpenElsewhere
from headway.kit.problems import problem_response

PREFLIGHT_SECONDS = 7200
"""As long as Chromium keeps an answer at most. Each page asks once for each address, and not before each request."""

TUS_SENT = ("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset", "X-HTTP-Method-Override")
SENT = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID", *TUS_SENT)
TUS_READ = ("Headway-Job", "Location", "Tus-Resumable", "Upload-Expires", "Upload-Length", "Upload-Offset")
READ = ("ETag", "Retry-After", "X-Request-ID", *TUS_READ)


class OtherOrigins:
    """ASGI middleware that opens addresses to origins: `open_to` has a pattern of whole paths for each method.

    Everything else, and everybody else, is answered as if it were not there.
    """

    def __init__(self, app: App, origins: Collection[str], open_to: Mapping[str, re.Pattern[str]]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._open_to = open_to
        self._for_others = _Preflights(
            app,
            allow_origins=sorted(self._origins),
            allow_methods=sorted(open_to),
            allow_headers=SENT,
            expose_headers=READ,
            allow_credentials=False,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_open(scope):
            await self._app(scope, receive, send)
        elif Headers(scope=scope).get("origin") in self._origins:
            await self._for_others(scope, receive, send)
        else:
            await self._app(scope, receive, _varying(send))

    def _is_open(self, scope: Scope) -> bool:
        method = scope["method"]
        if method == "OPTIONS":
            method = Headers(scope=scope).get("access-control-request-method", "")
        pattern = self._open_to.get(method)
        return pattern is not None and pattern.fullmatch(scope["path"]) is not None


class _Preflights(CORSMiddleware):
    """Says what is wrong with a preflight in the shape of every other failure."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return problem_response(NotOpenElsewhere(f"{bytes(answer.body).decode()}."), kept)


def _varying(send: Send) -> Send:
    """Tell caches that the answer to a page of another origin differs from this one."""

    async def varying(message: Message) -> None:
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            MutableHeaders(scope=message).add_vary_header("Origin")
        await send(message)

    return varying
