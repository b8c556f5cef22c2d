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

from headway.kit.connection_guard import ConnectionLimits, guarded_protocol

GRACE_SECONDS = 8
"""How long open requests may take to end after SIGTERM; the supervisor waits for ten."""


class Server(uvicorn.Server):
    """Uvicorn that ends what clients hold open when it is told to stop; otherwise it would wait for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        state = self.config.app.state  # type: ignore[union-attr]  # it is never the name of a module
        state.waits.close()
        asyncio.get_running_loop().create_task(state.live.close())
        super().handle_exit(sig, frame)


def serve(app: FastAPI, listener: socket.socket, limits: ConnectionLimits) -> None:
    """Serve until SIGTERM, at which `app.state` has `waits` and `live` end what is held open. Prints the address once `/readyz` answers 200."""
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
        runner.run(_serve(Server(config), listener))


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
