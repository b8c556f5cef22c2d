"""The product's app on a loopback port, in the test's own event loop: real HTTP, streams included."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI

START_SECONDS = 30


@contextlib.asynccontextmanager
async def serving(app: FastAPI, port: int = 0) -> AsyncIterator[str]:
    """Yield the address of the running app, `http://127.0.0.1:port`; without a port, some free one is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", port))
        # Idle connections stay open as long as the product's: one that is closed while a test sends would fail it.
        server = uvicorn.Server(
            uvicorn.Config(
                app, http="h11", ws="none", log_config=None, timeout_graceful_shutdown=5, timeout_keep_alive=75
            )
        )
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(START_SECONDS):
                while not server.started and not running.done():
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await app.state.live.close()
            server.should_exit = True
            await running
