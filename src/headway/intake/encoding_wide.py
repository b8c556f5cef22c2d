"""Texts whose characters take two or four bytes each, found without a mark by where their zeros stand."""

from __future__ import annotations

import unicodedata

FEWEST_ZEROS = 3
PLAUSIBLE_SHARE = 0.98
LAST_PLANE = 16
IN_PLACE = 0.9
"""Of the zeros of UTF-16 in a Latin script; some signs, such as 😀, have one in the other byte."""

_BORDERS = frozenset("\n\r\t,;|")


def wide_encoding(head: bytes) -> str | None:
    """Return UTF-16 or UTF-32 in one of its orders, if the beginning of a file can be nothing else."""
    if head.count(0) < FEWEST_ZEROS:
        return None
    for name, step, zeros in (
        ("utf-32-le", 4, (3, 2)),
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
    """Say whether nearly all zeros stand at one place of each character. Of four bytes the first one is always zero, and

    the second one names a plane, which is zero but for signs such as emoji.
    """
    if step == 4:
        high, plane = (head[place::step] for place in places)
        return bool(plane) and high.count(0) >= PLAUSIBLE_SHARE * len(high) and max(plane) <= LAST_PLANE
    return head[places[0] :: step].count(0) >= IN_PLACE * head.count(0)


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
