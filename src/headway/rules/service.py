"""`RuleSetService`: keeps rule sets, each for its owner only."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.pagination import Page, decode_cursor, encode_cursor
from headway.rules import queries
from headway.rules.errors import (
    RuleSetNameTaken,
    RuleSetNotFound,
    RuleSetVersionNotFound,
    RulesTooLarge,
    TooManyRuleSets,
)
from headway.rules.models import RuleSet, RuleSetVersion
from headway.rules.patterns import check_patterns
from headway.rules.schemas import ChangeRuleSet, Rule, RuleSetBody, RuleSetResponse, RuleSetSummary

MOST_SETS = 500
MOST_VERSIONS = 100
"""Of one set; older ones are deleted. Reports carry the rules that they are about."""

MOST_BYTES = 256 * 1024

RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


class RuleSetService:
    """Rule sets of all owners; every method acts for one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, owner: str, body: RuleSetBody) -> RuleSetResponse:
        written = await _checked(body.rules)
        now = self._clock.now()
        async with self._database.write() as session:
            if await queries.count_of(session, owner) >= MOST_SETS:
                raise TooManyRuleSets(f"You have {MOST_SETS:,} rule sets.", limit=MOST_SETS)
            await _refuse_taken(session, owner, body.name)
            rule_set = RuleSet(
                id=uuid4(), user_id=owner, name=body.name, version=1, rule_count=len(written), created_at=now,
                updated_at=now,
            )  # fmt: skip
            session.add(rule_set)
            await _flush_named(session, body.name)
            version = RuleSetVersion(rule_set_id=rule_set.id, number=1, rules=written, created_at=now)
            session.add(version)
        return _to_response(rule_set, version)

    async def list_rule_sets(self, owner: str, *, limit: int, cursor: str | None) -> Page[RuleSetSummary]:
        """Return one page of an owner's rule sets, newest first."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            found = await queries.list_page(session, owner, limit=limit, after=after)
        page = found[:limit]
        more = encode_cursor(page[-1].created_at, page[-1].id) if len(found) > limit else None
        return Page[RuleSetSummary](items=[RuleSetSummary(**_summary(each)) for each in page], next_cursor=more)

    async def get(self, owner: str, ref: str | UUID, version: int | None = None) -> RuleSetResponse:
        """Return a rule set by its id or its name, in its present version or another one."""
        async with self._database.read() as session:
            rule_set = await _find(session, owner, ref)
            if rule_set is None:
                raise RuleSetNotFound
            number = rule_set.version if version is None else version
            found = await queries.find_version(session, rule_set, number)
            if found is None:
                raise RuleSetVersionNotFound(f"{rule_set.name!r} has no version {number:,}.", version=number)
            return _to_response(rule_set, found)

    async def find_in(self, session: AsyncSession, owner: str, ref: str | UUID) -> RuleSetSummary | None:
        """Return a rule set as it is in the caller's transaction, or None."""
        rule_set = await _find(session, owner, ref)
        return None if rule_set is None else RuleSetSummary(**_summary(rule_set))

    async def change(self, owner: str, rule_set_id: UUID, body: ChangeRuleSet) -> RuleSetResponse:
        """Give a rule set another name, or other rules, which make its next version."""
        written = await _checked(body.rules) if body.rules is not None else None
        now = self._clock.now()
        async with self._database.write() as session:
            rule_set = await queries.find(session, owner, rule_set_id, lock=True)
            if rule_set is None:
                raise RuleSetNotFound
            if body.name is not None and body.name != rule_set.name:
                await _refuse_taken(session, owner, body.name)
                rule_set.name, rule_set.updated_at = body.name, now
                await _flush_named(session, body.name)
            shown = await queries.find_version(session, rule_set, rule_set.version)
            assert shown is not None  # noqa: S101 - the present version is never deleted
            if written is not None and written != shown.rules:
                number = rule_set.version + 1
                shown = RuleSetVersion(rule_set_id=rule_set.id, number=number, rules=written, created_at=now)
                session.add(shown)
                rule_set.version, rule_set.rule_count, rule_set.updated_at = number, len(written), now
                await queries.delete_versions_until(session, rule_set, number - MOST_VERSIONS)
        return _to_response(rule_set, shown)

    async def delete(self, owner: str, rule_set_id: UUID) -> None:
        """Delete a rule set with all its versions. Reports that were made by it stay."""
        async with self._database.write() as session:
            if not await queries.delete(session, owner, rule_set_id):
                raise RuleSetNotFound

    async def erase_owner_in(self, session: AsyncSession, owner: str) -> None:
        """Delete every rule set of an owner."""
        await queries.delete_owned(session, owner)


async def _find(session: AsyncSession, owner: str, ref: str | UUID) -> RuleSet | None:
    try:
        rule_set_id = ref if isinstance(ref, UUID) else UUID(ref)
    except ValueError:
        return await queries.find_named(session, owner, str(ref))
    # A name may look like an id, so that both are tried.
    return await queries.find(session, owner, rule_set_id) or await queries.find_named(session, owner, str(ref))


async def _refuse_taken(session: AsyncSession, owner: str, name: str) -> None:
    if await queries.find_named(session, owner, name) is not None:
        raise RuleSetNameTaken(f"{name!r} is the name of another one.", name=name)


async def _flush_named(session: AsyncSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError:
        # Two requests at the same moment; the other one was first.
        raise RuleSetNameTaken(f"{name!r} is the name of another one.", name=name) from None


async def _checked(rules: list[Rule]) -> list[dict[str, Any]]:
    """Return rules as they are stored, once they proved to be small enough and their patterns to be sound."""
    written = [rule.model_dump(mode="json", exclude_none=True) for rule in rules]
    size = len(json.dumps(written, ensure_ascii=False).encode())
    if size > MOST_BYTES:
        raise RulesTooLarge(f"They take {size:,} bytes, of at most {MOST_BYTES:,}.", max_bytes=MOST_BYTES)
    await asyncio.to_thread(check_patterns, rules)
    return written


def _summary(rule_set: RuleSet) -> dict[str, Any]:
    return {name: getattr(rule_set, name) for name in RuleSetSummary.model_fields}


def _to_response(rule_set: RuleSet, version: RuleSetVersion) -> RuleSetResponse:
    shown = {**_summary(rule_set), "version": version.number, "rule_count": len(version.rules)}
    return RuleSetResponse(**shown, rules=RULES.validate_python(version.rules))
