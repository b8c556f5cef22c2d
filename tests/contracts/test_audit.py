"""The audit is whole: what administrators can do leaves an entry each time, and every name of a deed is used."""

from __future__ import annotations

import ast
import typing
from pathlib import Path

import sqlalchemy as sa

from headway.audit.log import Action, TargetType
from headway.audit.models import AuditEntry
from headway.kit.db import Database
from tests.contracts.conftest import ADA, ADMIN, World

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "headway"
DEFINED_IN = PACKAGE / "audit" / "log.py"


def strings_of_the_code() -> set[str]:
    """Return every string constant outside of where the names are defined."""
    return {
        node.value
        for path in PACKAGE.rglob("*.py")
        if path != DEFINED_IN and "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_name_of_a_deed_is_written_by_something() -> None:
    unused = set(typing.get_args(Action)) - strings_of_the_code()
    assert unused == set(), "no code writes these"


def test_the_names_say_what_they_are_about() -> None:
    words = {name.partition(".")[0] for name in typing.get_args(Action)}
    assert words - {"sweep", "backup"} <= set(typing.get_args(TargetType))


async def test_whatever_administrators_do_leaves_one_entry_whether_it_is_refused_or_not(
    world: World, database: Database
) -> None:
    """Also what everybody does with their own password and tokens, for which no token but one that may all serves."""
    routes = [route for route in world.routes if route.scopes == {"admin"} and route.method != "get"]
    routes.sort(key=lambda route: route.method == "delete")
    assert len(routes) >= 13
    wrong: list[str] = []
    async with world.client(world.tokens[ADMIN]) as admin, world.client(world.tokens[ADA]) as ada:
        for route in routes:
            before = await count(database)
            # Nobody revokes the token of somebody else, so that there would be nothing to tell.
            answer = await world.ask(ada if "token_id" in route.parameters else admin, route)
            if (left := await count(database) - before) != 1:
                wrong.append(f"{route} answered {answer.status_code} and left {left}")
    assert not wrong, "\n" + "\n".join(wrong)


async def count(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(AuditEntry))).scalar_one()
