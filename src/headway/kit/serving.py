"""The server under the API: uvicorn with bounded heads, deadlines for slow clients, and a stop that lets clients go."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import sys
from types import FrameType

import httpx
import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.datastructures import State

from headway.kit.connection_guard import ConnectionLimits, guarded_protocol

GRACE_SECONDS = 8
"""How long open requests may take to end after SIGTERM; the supervisor waits for ten."""


class Server(uvicorn.Server):
    """Uvicorn that ends what clients hold open when it is told to stop; otherwise it would wait for them."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._state.waits.close()
        asyncio.get_running_loop().create_task(self._state.live.close())
        super().handle_exit(sig, frame)


def serve(app: FastAPI, host: str, port: int, limits: ConnectionLimits) -> None:
    """Serve until SIGTERM, at which `waits` and `live` of `app.state` end what is held open.

    Prints the address once `/readyz` answers 200.
    """
    config = uvicorn.Config(
        app,
        # httptools accepts 40 MB of headers; h11 is bounded, and waits for slow clients for ever without our guard.
        http=guarded_protocol(limits),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=64 * 1024,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Server(config, app.state), listen(host, port)))


def listen(host: str, port: int) -> socket.socket:
    """Return the socket on which the server waits for its callers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol's number asyncio does not set TCP_NODELAY, and every answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


async def _serve(server: Server, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    # What was made until now stays. Looking for garbage in it would stop every answer for a quarter of a second.
    gc.collect()
    gc.freeze()
    announce = asyncio.create_task(_announce_when_ready(url))
    await server.serve(sockets=[listener])
    announce.cancel()


async def _announce_when_ready(url: str) -> None:
    """Say the address once a request for readiness answers 200, as a load balancer would find it."""
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{url}/readyz")).status_code == 200:
                    break
            await asyncio.sleep(0.1)
    sys.stdout.write(f"Headway is ready on {url}\n")
    sys.stdout.flush()
