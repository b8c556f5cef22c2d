"""Bodies that are not read before their route are those that no route parses."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

from headway.app import PREFIX
from headway.services import STREAMED

TEMPTING = ("imports", "uploads", "datasets", "rejected", "jobs", "artifacts", "preview")
PARSED_BY_ITSELF = f"{PREFIX}/imports/preview"


def is_streamed(path: str) -> bool:
    return re.fullmatch(STREAMED, path.removeprefix(PREFIX)) is not None


def bodies(document: dict[str, Any], *, parsed: bool) -> list[str]:
    """Return the paths that take JSON which is parsed before the route, or another body."""
    return [
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if (content := operation.get("requestBody", {}).get("content"))
        and ("application/json" in content and path != PARSED_BY_ITSELF) == parsed
    ]


def test_no_route_that_parses_its_body_can_be_reached_at_a_streamed_address(document: dict[str, Any]) -> None:
    parsing = bodies(document, parsed=True)
    assert len(parsing) > 20
    for path in parsing:
        pieces = re.split(r"\{\w+\}", path)
        for words in product(TEMPTING, repeat=len(pieces) - 1):
            address = "".join(text + word for text, word in zip(pieces, (*words, ""), strict=True))
            assert not is_streamed(address), (path, address)


def test_what_may_be_large_is_streamed(document: dict[str, Any]) -> None:
    large = [path for path in bodies(document, parsed=False) if "/auth/" not in path]
    assert PARSED_BY_ITSELF in large
    assert [path for path in large if not is_streamed(path)] == []
