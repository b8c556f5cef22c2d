"""A request that has not been sent: what is asked, and of which type the answer is."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

Answer = TypeVar("Answer")
Bytes = bytes | Iterable[bytes] | AsyncIterable[bytes]
"""A body that is no JSON; an async one for the async client."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """What `Api.ask` sends. `path` is below `/api/v2`; a query's or a header's None is left out."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: Any = None

    def to_request(self) -> dict[str, Any]:
        """Return it as the arguments of a request of httpx."""
        request: dict[str, Any] = {
            "params": {name: value for name, value in self.query.items() if value is not None},
            "headers": {name: value for name, value in self.headers.items() if value is not None},
        }
        if isinstance(self.body, dict | list):
            request["json"] = self.body
        elif self.body is not None:
            request["content"] = self.body
        return request


def address(path: str, *values: str) -> str:
    """Return a path with values in the places of its parameters, in their order."""
    pieces = path.split("/")
    given = iter(values)
    return "/".join(quote(next(given), safe="") if piece.startswith("{") else piece for piece in pieces)
