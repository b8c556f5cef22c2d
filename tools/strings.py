"""Lists the sentences of the elements that a host can replace, as they stand in the sources."""

from __future__ import annotations

import json
import re
from pathlib import Path

ELEMENTS = Path(__file__).resolve().parents[1] / "web" / "src" / "elements"
ENTRIES = {"jobs": "headway-jobs.ts", "importer": "embed-importer.ts"}

IMPORTED = re.compile(r"""(?:from|import)\s*\(?\s*'(\.[^']+\.ts)'""")
CALL = re.compile(r"(?<![#.\w])(say|sayCount|plural|texts)\(")
TEXT = re.compile(r"""'((?:[^'\\\n]|\\.)*)'(:?)|"[^"\n]*"|(\{)""")
"""A text, and whether it is the name of something in an object; or one that is none of ours, or where an object begins."""


def strings_document() -> str:
    """Return what each element can say, sorted, as JSON."""
    found = {name: sorted(strings_of(ELEMENTS / entry)) for name, entry in ENTRIES.items()}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def strings_of(entry: Path) -> set[str]:
    """Return what a module can say, with all that it needs."""
    strings: set[str] = set()
    for module in _modules(entry):
        text = module.read_text(encoding="utf-8")
        for call in CALL.finditer(text):
            strings |= _literals(call[1], _arguments(text, call.end()))
    return strings


def _modules(entry: Path) -> set[Path]:
    """Return a module and all of ours that it needs, also what it loads later."""
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        module = waiting.pop()
        if module not in found and module.exists():
            found.add(module)
            text = module.read_text(encoding="utf-8")
            waiting += [(module.parent / name).resolve() for name in IMPORTED.findall(text)]
    return found


def _arguments(text: str, start: int) -> str:
    """Return what stands in the parentheses that opened before `start`; sentences may hold some too."""
    depth, place = 1, start
    while depth and place < len(text):
        found = TEXT.match(text, place)
        if found and not found[3]:
            place = found.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
    return text[start : place - 1]


def _literals(call: str, arguments: str) -> set[str]:
    found = set()
    for each in TEXT.finditer(arguments):
        text, name, begins = each.groups()
        if call == "say" and begins:
            break  # its second argument fills the sentence in, and says none
        if text and not name and re.search("[a-z]", text, re.IGNORECASE):
            found.add(text)
    return {f"{{count}} {word}" for word in found} if call == "plural" else found
