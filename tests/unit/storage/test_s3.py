"""What a writer to a bucket does when it is cut short; with a real server it is tested among the stores."""

from __future__ import annotations

import asyncio

import pytest

from headway.storage.s3 import S3Store


async def test_a_writer_whose_commit_was_cancelled_can_be_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    # Nobody answers at this address.
    writer = await S3Store("bucket", endpoint="http://127.0.0.1:9").open_writer("rows/a")
    await writer.write(b"a")
    writer._put.cancel()
    await asyncio.wait({writer._put})
    await writer.abort()
    await writer.abort()
