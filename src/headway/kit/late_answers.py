"""Answers that last for minutes, given after the app that decided on them has returned.

A stream that is answered within the app holds a dozen frames of routers, exit stacks and wrappers, which weigh more
than all the rest of it. An app without this layer answers in place.
"""

from __future__ import annotations

from headway.kit.asgi import App, Receive, Scope, Send

_KEY = "headway.late_answers"


class LateAnswers:
    """ASGI middleware that gives the late answers of its app, which is to be all but the outermost layers."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        before, late = dict(scope), list[App]()
        scope[_KEY] = late
        await self._app(scope, receive, send)
        if late:
            # What the app has put into the scope goes as well, but for the route, by which requests are counted.
            route = scope.get("route")
            scope.clear()
            scope.update(before, route=route)
            del before
            await late.pop()(scope, receive, send)


async def answer_late(answer: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Leave an answer to the layer around the app, or give it now if there is none."""
    late: list[App] | None = scope.get(_KEY)
    if late is None:
        await answer(scope, receive, send)
    else:
        late.append(answer)
