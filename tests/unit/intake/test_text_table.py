"""How often a text table is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headway.intake.text_reader import Chunk, TextReader
from tests.unit.intake.reading import read_text


@pytest.mark.parametrize(("last", "times"), [("7", 1), ("x7", 3)])
def test_a_file_is_read_once_unless_a_value_comes_that_nothing_foretold(
    last: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[TextReader] = []
    chunks = TextReader.chunks

    def note(self: TextReader) -> Iterator[Chunk]:
        begun.append(self)
        return chunks(self)

    monkeypatch.setattr(TextReader, "chunks", note)
    read = read_text("\n".join(["v", *map(str, range(300_000)), last]))
    assert read.part.rows == 300_001
    assert len(begun) == times
