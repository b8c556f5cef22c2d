"""An id for every request: in its answer, in each of its log records, and as the support id of what failed."""

from __future__ import annotations

import re
from uuid import uuid4

from headway.kit.asgi import App, Message, Receive, Scope, Send
from headway.kit.logs import remember, remembered

HEADER = "X-Request-ID"
# Nothing that could end a line of a log, or a header.
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def new_request_id() -> str:
    return uuid4().hex


def support_id() -> str:
    """Return what finds the log of this failure: the id of the request, or a new one where there is no request."""
    return remembered("request_id") or new_request_id()


class RequestIds:
    """ASGI middleware, to be put around everything else: also the answer to what nobody foresaw carries the id.

    An id that comes with the request is kept if it is a sensible one, so that a proxy's log can be joined with ours.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _sent(scope) or new_request_id()
        # Not taken back at the end: a request is a task of its own, and the server still logs what failed in it.
        remember(request_id=request_id)

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = (HEADER.lower().encode(), request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), said]}
            await send(message)

        await self._app(scope, receive, answering)


def _sent(scope: Scope) -> str | None:
    sent = next((value for name, value in scope["headers"] if name == HEADER.lower().encode()), b"")
    return sent.decode() if _ACCEPTABLE.fullmatch(sent) else None
