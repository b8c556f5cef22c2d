"""Texts whose characters take two or four bytes each, found without a mark by where their zeros stand."""

from __future__ import annotations

import unicodedata

FEWEST_ZEROS = 3
PLAUSIBLE_SHARE = 0.98
_BORDERS = frozenset("\n\r\t,;|")


def wide_encoding(head: bytes) -> str | None:
    """Return UTF-16 or UTF-32 in one of its orders, if the beginning of a file can be nothing else."""
    if head.count(0) < FEWEST_ZEROS:
        return None
    for name, step, zeros in (
        ("utf-32-le", 4, (2, 3)),
        ("utf-32-be", 4, (0, 1)),
        ("utf-16-le", 2, (1,)),
        ("utf-16-be", 2, (0,)),
    ):
        if _zeros_stand(head, step, zeros) and _is_text(head[: len(head) // step * step], name):
            return name
    return None


def wide_by_start(start: bytes) -> str | None:
    """Return UTF-16 or UTF-32 by where zeros stand among the first bytes, of a text that begins with ASCII."""
    first = [bool(byte) for byte in start[:4].ljust(4, b"\1")]
    return _BY_START.get((first[0], first[1], first[2], first[3]))


_BY_START = {
    (False, False, False, True): "utf-32-be",
    (True, False, False, False): "utf-32-le",
    (False, True, False, True): "utf-16-be",
    (True, False, True, False): "utf-16-le",
}


def _zeros_stand(head: bytes, step: int, places: tuple[int, ...]) -> bool:
    """Say whether nearly all zeros stand at some places of each character: all of them for four bytes."""
    at_places = [head[place::step].count(0) for place in places]
    size = len(head) // step
    if step == 4:
        return size > 0 and min(at_places) >= PLAUSIBLE_SHARE * size
    return sum(at_places) >= PLAUSIBLE_SHARE * head.count(0)


def _is_text(sample: bytes, name: str) -> bool:
    try:
        text = sample.decode(name)
    except UnicodeDecodeError as error:
        # The sample may end in the middle of a pair.
        if error.start < len(sample) - 4:
            return False
        text = sample[: error.start].decode(name)
    if not any(character in _BORDERS for character in text):
        return False
    strange = sum(
        unicodedata.category(character) in {"Cn", "Co", "Cs"} or character in "\x00\ufffe" for character in text
    )
    ordinary = sum(character.isascii() for character in text) + len(set(text)) / 8
    scripts = len({ord(character) >> 8 for character in text if not character.isascii()})
    return (
        strange <= (1 - PLAUSIBLE_SHARE) * len(text) and (ordinary > 0.05 * len(text)) and scripts < 0.5 * len(text) + 4
    )
