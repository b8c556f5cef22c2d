"""What people read about a failure: what it is, where, and what to do, in words of theirs and not of our libraries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import headway
from headway.errors import AppError
from tools import reference

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(headway.__file__).parent
ALSO_WORDS = {"click", "rich"}
"""Names of packages that are words of English as well."""

OTHERS = {"expat", "zipfile", "zlib", "thrift", "pickle", "traceback", "exception", "errno"}
"""What the standard library and the insides of others are called; formats that people have are no secret."""

SAID_BY_US = {"json_window.py", "workbook_package.py", "body_guard.py"}
"""Where the text of an exception is part of a sentence because it is ours, or only the number that was sent."""


def packages() -> set[str]:
    lines = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8").splitlines()
    names = {match[1].lower() for line in lines if (match := re.match(r"([A-Za-z0-9_.-]+)==", line))}
    return {name for name in names | {name.replace("-", "_") for name in names} if name not in ALSO_WORDS}


FOREIGN = re.compile(rf"\b({'|'.join(map(re.escape, sorted(packages() | OTHERS)))})\b", re.IGNORECASE)
PATH = re.compile(r"(?<![\w`/.:])/(?!api/|imports/|datasets/)[a-z]+/|\.py\b|[A-Z]:\\")


def kinds() -> dict[str, type[AppError]]:
    return reference.product_errors()


@pytest.mark.parametrize("code", kinds())
def test_every_code_says_what_is_wrong_and_what_to_do_in_plain_words(code: str) -> None:
    kind = kinds()[code]
    for said in (kind.title, kind.user_action):
        assert said[0].isupper() or said[0] == "`", said
        assert len(said.split()) >= 3, said
        assert not (found := FOREIGN.search(said)), f"{code} names {found and found[0]}: {said}"
        assert not PATH.search(said), f"{code} names a path: {said}"
        assert code not in said, f"{code} is for machines, not for a sentence: {said}"
    assert kind.user_action.endswith((".", "?")), kind.user_action
    assert kind.user_action.rstrip(".") != kind.title


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Yield where the source makes an error of the closed list, with the call that does."""
    names = {kind.__name__ for kind in kinds().values()}
    makers = names | {"kind", "error", "fault"}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _called(node) in makers:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def test_no_sentence_at_the_place_of_a_failure_names_a_library_or_a_path() -> None:
    wrong = []
    for where, call in raised():
        if _called(call) == "error" and isinstance(call.func, ast.Attribute):
            continue  # a logger
        for node in ast.walk(call):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if FOREIGN.search(text) or PATH.search(text):
                wrong.append(f"{where}: {text}")
    assert wrong == []
    assert len([*raised()]) > 150, "the failures of the product were not found"


def test_no_sentence_repeats_what_a_library_said() -> None:
    """The text of somebody else's exception may hold a path of the server, and tells nobody what to do."""
    wrong = []
    for where, call in raised():
        file = Path(where.partition(":")[0]).name
        if (_called(call) == "error" and isinstance(call.func, ast.Attribute)) or file in SAID_BY_US:
            continue
        for node in ast.walk(call.args[0]):
            quoted = isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name)
            printed = isinstance(node, ast.Call) and _called(node) in {"str", "repr"} and node.args
            name = node.value if quoted else node.args[0] if printed else None
            if isinstance(name, ast.Name) and name.id in {"error", "exc", "exception", "path", "source", "folder"}:
                wrong.append(f"{where}: {ast.unparse(call)}")
    assert wrong == []
