"""A plain tus client for tests: every request is written out, so that each can also be wrong."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from headway.app import PREFIX

UPLOADS = f"{PREFIX}/uploads"
SPOKEN = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


@dataclass
class Tus:
    """Uploads of one user."""

    http: httpx.AsyncClient

    async def create(
        self, length: int | None, name: str = "a.csv", *, content: bytes | None = None, headers: dict[str, str] | None = None, **more: str
    ) -> httpx.Response:  # fmt: skip
        size = {"Upload-Length": str(length)} if length is not None else {"Upload-Defer-Length": "1"}
        sent = {**SPOKEN, **size, "Upload-Metadata": metadata(filename=name, **more), **(headers or {})}
        if content is not None:
            sent |= BYTES
        return await self.http.post(UPLOADS, headers=sent, content=content)

    async def begun(self, length: int | None, name: str = "a.csv", **more: str) -> str:
        """Begin an upload and return its address."""
        answer = await self.create(length, name, **more)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def patch(
        self, address: str, offset: int, content: bytes | AsyncIterator[bytes], **headers: str
    ) -> httpx.Response:
        sent = {**SPOKEN, **BYTES, "Upload-Offset": str(offset)}
        return await self.http.patch(address, headers={**sent, **_named(headers)}, content=content)

    async def head(self, address: str) -> httpx.Response:
        return await self.http.head(address, headers=SPOKEN)

    async def offset(self, address: str) -> int:
        answer = await self.head(address)
        assert answer.status_code == 200, answer
        return int(answer.headers["upload-offset"])

    async def delete(self, address: str) -> httpx.Response:
        return await self.http.delete(address, headers=SPOKEN)

    async def job(self, address: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"{PREFIX}/jobs/{address.rpartition('/')[2]}")).json()
        return found


def _named(headers: dict[str, str]) -> dict[str, str]:
    """`upload_checksum` is how `Upload-Checksum` is written as an argument."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
