"""The HTTP side of rule sets. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from headway.errors import Unauthorized
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import address_of, needs
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses
from headway.rules.errors import (
    PatternInvalid,
    PatternTooCostly,
    RuleSetNameTaken,
    RuleSetNotFound,
    RuleSetVersionNotFound,
    RulesTooLarge,
    TableSchemaUnusable,
    TooManyRuleSets,
)
from headway.rules.schemas import ChangeRuleSet, RuleSetBody, RuleSetResponse, RuleSetSummary
from headway.rules.service import RuleSetService
from headway.rules.table_schema.reading import read_table_schema
from headway.rules.table_schema.schemas import ReadTableSchema, TableSchemaBody, WrittenTableSchema
from headway.rules.table_schema.writing import write_table_schema

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Default: the present one.")]
UNSOUND = (PatternInvalid, PatternTooCostly, RulesTooLarge, RuleSetNameTaken)


def build_rule_sets_router(service: RuleSetService, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes under `/rule-sets`. `actor` is a FastAPI dependency that returns an `Actor`."""
    router = APIRouter(prefix="/rule-sets", tags=["rule sets"], responses=responses(Unauthorized))
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]
    writer = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_WRITE))]

    @router.post("", status_code=201, responses=responses(*UNSOUND, TooManyRuleSets))
    async def create_rule_set(who: writer, body: RuleSetBody, request: Request, response: Response) -> RuleSetResponse:
        """Keep rules under a name, to check datasets by them. Whether a dataset has the columns is asked then."""
        created = await service.create(who.owner, body)
        response.headers["Location"] = address_of(request, "get_rule_set", rule_set_id=created.id)
        return created

    @router.post("/table-schema", status_code=201, responses=responses(*UNSOUND, TooManyRuleSets, TableSchemaUnusable))
    async def create_rule_set_of_table_schema(
        who: writer, body: TableSchemaBody, request: Request, response: Response
    ) -> ReadTableSchema:
        """Keep what a Frictionless Table Schema asks for as rules. `notes` tell what of it no rule checks."""
        rules, notes = read_table_schema(body.table_schema, body.references)
        created = await service.create(who.owner, RuleSetBody(name=body.name, rules=rules))
        response.headers["Location"] = address_of(request, "get_rule_set", rule_set_id=created.id)
        return ReadTableSchema(rule_set=created, notes=notes)

    @router.get("", responses=responses(BadCursor))
    async def list_rule_sets(
        who: reader, limit: Annotated[int, Query(ge=1, le=100)] = 50, cursor: str | None = None
    ) -> Page[RuleSetSummary]:
        """Your rule sets, newest first."""
        return await service.list_rule_sets(who.owner, limit=limit, cursor=cursor)

    @router.get("/{rule_set_id}", responses=responses(RuleSetNotFound, RuleSetVersionNotFound))
    async def get_rule_set(who: reader, rule_set_id: UUID, version: Version = None) -> RuleSetResponse:
        """One of your rule sets. The newest 100 versions of each are kept."""
        return await service.get(who.owner, rule_set_id, version)

    @router.get("/{rule_set_id}/table-schema", responses=responses(RuleSetNotFound, RuleSetVersionNotFound))
    async def get_table_schema_of_rule_set(
        who: reader, rule_set_id: UUID, version: Version = None
    ) -> WrittenTableSchema:
        """A rule set as a Frictionless Table Schema. `notes` tell which rules are not in it."""
        table_schema, notes = write_table_schema((await service.get(who.owner, rule_set_id, version)).rules)
        return WrittenTableSchema(table_schema=table_schema, notes=notes)

    @router.patch("/{rule_set_id}", responses=responses(RuleSetNotFound, *UNSOUND))
    async def change_rule_set(who: writer, rule_set_id: UUID, body: ChangeRuleSet) -> RuleSetResponse:
        """Give a rule set another name or other rules. Other rules are a new version; reports name the one they used."""
        return await service.change(who.owner, rule_set_id, body)

    @router.delete("/{rule_set_id}", status_code=204, responses=responses(RuleSetNotFound))
    async def delete_rule_set(who: writer, rule_set_id: UUID) -> None:
        """Delete a rule set. Reports that were made by it stay as long as their jobs do."""
        await service.delete(who.owner, rule_set_id)

    return router
