"""Rules of this house that no linter knows, read from the syntax trees and from the committed files."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.reference import PAGES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "headway"
LONGEST_MODULE = 400

Rule = Callable[[ast.AST], bool]


def calls(*names: str) -> Rule:
    """Match a call by the end of what is called: `commit` or `datetime.now`."""

    def matches(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        written = ast.unparse(node.func)
        return any(written == name or written.endswith(f".{name}") for name in names)

    return matches


def says(name: str) -> Rule:
    """Match a name wherever it stands, an import of it included."""

    def matches(node: ast.AST) -> bool:
        return (
            (isinstance(node, ast.Name) and node.id == name)
            or (isinstance(node, ast.Attribute) and node.attr == name)
            or (isinstance(node, ast.alias) and node.name.split(".")[-1] == name)
        )

    return matches


RULES: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "transactions end in kit/db: Database.write() commits": (
        calls("session.commit", "connection.commit", "session.rollback"),
        ("kit/db.py",),
    ),
    "the time comes from the clock that was passed in": (
        calls("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"),
        ("kit/clock.py",),
    ),
    "errors are raised by meaning; only kit knows HTTP's numbers": (says("HTTPException"), ("kit/problems.py",)),
    "only the command line prints": (calls("print"), ("cli/",)),
    "work that must not be lost is a job, not a task of the request": (says("BackgroundTasks"), ()),
    "a body is streamed; UploadFile reads it whole before the route begins": (says("UploadFile"), ()),
    "rows are asked for, never loaded behind the back": (says("lazyload"), ()),
    # The command line and the sync client run in the processes of those who call them.
    "a blocking sleep stops every request of the process": (calls("time.sleep"), ("cli/", "client/api.py")),
}


@pytest.mark.parametrize("rule", RULES)
def test_house_rule(rule: str) -> None:
    matches, exempt = RULES[rule]
    broken = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:80]}"
        for path in modules()
        if not path.relative_to(PACKAGE).as_posix().startswith(exempt)
        for node in nodes(path)
        if matches(node)
    ]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("transactions end in kit/db: Database.write() commits", "await self.session.commit()"),
        ("the time comes from the clock that was passed in", "datetime.datetime.now(UTC)"),
        ("errors are raised by meaning; only kit knows HTTP's numbers", "from fastapi import HTTPException"),
        ("only the command line prints", "print('x')"),
    ],
)
def test_a_house_rule_finds_what_it_forbids(rule: str, code: str) -> None:
    matches, _exempt = RULES[rule]
    tree = ast.parse(f"async def f():\n    {code}")
    assert any(matches(node) for node in ast.walk(tree))


def test_the_commit_of_a_stored_object_is_no_transaction() -> None:
    matches, _exempt = RULES["transactions end in kit/db: Database.write() commits"]
    assert not any(matches(node) for node in ast.walk(ast.parse("async def f():\n    await writer.commit()")))


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_module_outgrows_its_concept() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in files()
        if path.suffix in {".py", ".ts"} and path.relative_to(ROOT).as_posix() not in PAGES
        if (lines := path.read_text().count("\n")) > LONGEST_MODULE
    ]
    assert long == [], f"split by concept what is longer than {LONGEST_MODULE} lines"


def test_modules_that_make_routes_in_functions_keep_their_annotations() -> None:
    """FastAPI could not resolve a closure in `Annotated` that is only a string."""
    lazy = [
        str(path.relative_to(ROOT))
        for path in (*PACKAGE.rglob("router.py"), *PACKAGE.rglob("dependencies.py"))
        if re.search(r"^from __future__ import annotations", path.read_text(), re.MULTILINE)
    ]
    assert lazy == []


MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(?:work|root|home/\w+|Users/\w+|opt/(?:wheels|pypi))\b")
REGISTRY = re.compile(r"registry\.npm|registry\.yarn|files\.pythonhosted|pypi\.org/simple|index-url|find-links")


def test_no_committed_file_names_a_path_of_somebodys_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files()
        if path != Path(__file__).resolve()
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if MACHINE_PATH.search(line) or (REGISTRY.search(line) and "--no-emit" not in line)
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_locks_carry_hashes_and_no_addresses() -> None:
    for name in ("uv", "build", "run", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins
        assert all(re.match(r"\S+==\S+.* \\$", line) for line in pins), name
        assert text.count("--hash=sha256:") >= len(pins)
        assert "://" not in text
    for lock in (path for path in files() if path.name == "package-lock.json"):
        for place, package in json.loads(lock.read_text())["packages"].items():
            if package.get("link") or place.startswith("../"):
                continue  # a folder of this repository
            assert "resolved" not in package, f"{lock.relative_to(ROOT)}: {place}"
            assert not place or "integrity" in package, f"{lock.relative_to(ROOT)}: {place}"


@functools.cache
def nodes(path: Path) -> list[ast.expr | ast.alias]:
    """Return the expressions and imported names of a module."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.expr | ast.alias)]


def modules() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))


def files() -> list[Path]:
    """Return every file that is or is about to be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in found if path.is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    listed = re.findall(r"\]\((0\d+-[^)]+)\)", (ROOT / "docs/decisions/README.md").read_text())
    assert listed == names
