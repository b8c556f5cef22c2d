"""A multipart body is read as a stream: any cut of it gives the same file and the same fields."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.intake.multipart import MAX_FIELD_BYTES, MultipartForm
from headway.intake.upload_errors import UploadMalformed

BOUNDARY = b"----boundary"


def part(name: str, data: bytes, file_name: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name is not None else "")
    return b"--" + BOUNDARY + b"\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + data + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(body: bytes, size: int) -> tuple[str | None, bytes, dict[str, bytes]]:
    form = MultipartForm(pieces(body, size), BOUNDARY)
    name = await form.find_file()
    data = b"".join([chunk async for chunk in form.file_bytes()]) if name is not None else b""
    return name, data, form.fields


@given(data=st.binary(max_size=300), size=st.integers(1, 80), after=st.booleans())
async def test_any_bytes_in_any_cut_arrive_whole(data: bytes, size: int, after: bool) -> None:
    parts = [part("file", data, "a.csv"), part("options", b'{"duplicate":"import"}')]
    body = b"".join(parts if after else parts[::-1]) + END
    assert await read(body, size) == ("a.csv", data, {"options": b'{"duplicate":"import"}'})


async def test_a_form_without_a_file_says_so() -> None:
    assert await read(part("options", b"{}") + END, 7) == (None, b"", {"options": b"{}"})


async def test_a_file_field_under_another_name_is_not_the_file() -> None:
    name, _, _ = await read(part("upload", b"x", "a.csv") + END, 100)
    assert name is None


async def test_a_body_that_ends_early_is_malformed_and_never_a_shorter_file() -> None:
    whole = part("file", b"1,2,3", "a.csv") + END
    for cut in (len(whole) - len(END) - 1, len(whole) - 6):
        with pytest.raises(UploadMalformed):
            await read(whole[:cut], 10)


async def test_garbage_is_malformed() -> None:
    with pytest.raises(UploadMalformed):
        await read(b"this is no form at all", 5)


async def test_fields_are_bounded() -> None:
    with pytest.raises(UploadMalformed):
        await read(part("note", b"x" * (MAX_FIELD_BYTES + 1)) + part("file", b"", "a") + END, 65536)
