"""A multipart/form-data body as a stream: the file's bytes are handed on as they arrive, small fields are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from headway.intake.upload_errors import UploadMalformed

MAX_FIELD_BYTES = 256 * 1024
"""Room for the fields beside the file; options of 5,000 columns fit."""


@dataclass(slots=True)
class _Part:
    name: str
    file_name: str | None


@dataclass(slots=True)
class MultipartForm:
    """Reads a body part by part. First `find_file`, then iterate `file_bytes`, then `fields` is complete."""

    body: AsyncIterator[bytes]
    boundary: bytes
    file_field: str = "file"
    fields: dict[str, bytes] = field(default_factory=dict)
    _parser: MultipartParser = field(init=False)
    _events: deque[tuple[str, bytes]] = field(default_factory=deque)
    _part: _Part | None = None
    _header_name: bytes = b""
    _header_value: bytes = b""
    _disposition: bytes = b""
    _field_bytes: int = 0
    _ended: bool = False

    def __post_init__(self) -> None:
        if not self.boundary:
            raise UploadMalformed("The content type names no boundary.")

        def note(event: str) -> object:
            return lambda *data: self._events.append((event, data[0][data[1] : data[2]] if data else b""))

        names = (
            "part_begin",
            "part_data",
            "part_end",
            "header_field",
            "header_value",
            "header_end",
            "headers_finished",
            "end",
        )
        self._parser = MultipartParser(self.boundary, {f"on_{name}": note(name) for name in names})  # type: ignore[arg-type]  # a TypedDict of callbacks, built by name

    async def find_file(self) -> str | None:
        """Read up to the file part; return its name, or None if the body ends without one."""
        async for event, data in self._read():
            if event == "headers_finished" and self._is_file():
                return self._part.file_name if self._part else None
            self._keep(event, data)
        return None

    async def file_bytes(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the file; afterwards read what follows it."""
        in_file = True
        async for event, data in self._read():
            if not in_file:
                self._keep(event, data)
            elif event == "part_data":
                yield data
            elif event == "part_end":
                in_file = False
        if not self._ended:
            raise UploadMalformed("The body ended before its closing boundary.")

    async def _read(self) -> AsyncIterator[tuple[str, bytes]]:
        while not self._ended:
            while self._events:
                event, data = self._events.popleft()
                self._on_header(event, data)
                self._ended = event == "end"
                yield event, data
            chunk = await anext(self.body, b"")
            if not chunk:
                return
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise UploadMalformed("A boundary or a header of the form data is not where it belongs.") from error

    def _on_header(self, event: str, data: bytes) -> None:
        if event == "part_begin":
            self._disposition = b""
        elif event == "header_field":
            self._header_name += data
        elif event == "header_value":
            self._header_value += data
        elif event == "header_end":
            if self._header_name.lower() == b"content-disposition":
                self._disposition = self._header_value
            self._header_name = self._header_value = b""
        elif event == "headers_finished":
            _, options = parse_options_header(self._disposition)
            name = options.get(b"name", b"").decode("utf-8", "replace")
            file_name = options.get(b"filename")
            self._part = _Part(name, file_name.decode("utf-8", "replace") if file_name is not None else None)

    def _is_file(self) -> bool:
        return self._part is not None and self._part.name == self.file_field and self._part.file_name is not None

    def _keep(self, event: str, data: bytes) -> None:
        if event != "part_data" or self._part is None:
            return
        self._field_bytes += len(data)
        if self._field_bytes > MAX_FIELD_BYTES:
            raise UploadMalformed(f"The fields beside the file hold more than {MAX_FIELD_BYTES:,} bytes.")
        self.fields[self._part.name] = self.fields.get(self._part.name, b"") + data
