"""XML from strangers as a stream of events: any size, any encoding of XML, and never an entity of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.parsers import expat

SEPARATOR = "}"
"""Stands between the namespace and the local part of every name."""

Attributes = dict[str, str]
OnStart = Callable[[str, Attributes], None]
OnEnd = Callable[[str], None]
OnCharacters = Callable[[str], None]


class MarkupError(ValueError):
    """The XML is not well-formed, or declares what would be unfolded into more of it."""


class EventParser:
    """Calls back for each element and text. Names are local ones; those of attributes keep their namespace."""

    def __init__(self, start: OnStart, end: OnEnd, text: OnCharacters | None = None) -> None:
        self._parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = lambda name, attributes: start(local(name), attributes)
        self._parser.EndElementHandler = lambda name: end(local(name))
        if text is not None:
            self._parser.CharacterDataHandler = text
        self._parser.EntityDeclHandler = _refuse_entity

    def feed(self, block: bytes) -> None:
        self._parse(block, final=False)

    def close(self) -> None:
        self._parse(b"", final=True)

    def feed_all(self, blocks: Iterable[bytes]) -> None:
        for block in blocks:
            self.feed(block)
        self.close()

    def _parse(self, block: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(block, final)
        except expat.ExpatError as error:
            raise MarkupError(f"its XML is not well-formed ({error})") from None


def local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition(SEPARATOR)[2]


def by_local(attributes: Attributes) -> Attributes:
    """Return attributes by their local names; of two that differ in the namespace only, the later one."""
    return {local(name): value for name, value in attributes.items()}


def _refuse_entity(*_declaration: Any) -> None:
    # Raised at the declaration, before anything refers to it: a billion laughs is never told.
    raise MarkupError("it declares entities of its own, which no workbook does")
