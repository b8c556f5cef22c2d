"""`headway rules`: keeps rule sets, also those that are written as a Frictionless Table Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from headway.cli.client import Client, read_json, with_client
from headway.cli.output import printable
from headway.plurals import counted


@click.group("rules")
def rules() -> None:
    """Keep rule sets, by which datasets are checked."""


@rules.command("list")
@with_client
def list_rule_sets(client: Client, /) -> None:
    """List the rule sets that are kept."""
    for each in client.items("/rule-sets"):
        said = counted(each["rule_count"], "rule")
        click.echo(f"{each['id']}  {printable(each['name'])}  version {each['version']}: {said}")


@rules.command("save")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--reference", "references", multiple=True, metavar="RESOURCE=DATASET_ID",
    help="The dataset that a resource of the Table Schema stands for. May be repeated.",
)  # fmt: skip
@with_client
def save_rule_set(client: Client, /, name: str, file: Path, references: tuple[str, ...]) -> None:
    """Keep the rules in a JSON FILE under a name: a list of rules, or a Table Schema."""
    content = read_json(file)
    if isinstance(content, dict):
        known = dict(each.partition("=")[::2] for each in references)
        body = {"name": name, "table_schema": content, "references": known}
        made = client.post("/rule-sets/table-schema", json=body)
        _tell(made["notes"])
        click.echo(made["rule_set"]["id"])
    else:
        click.echo(client.post("/rule-sets", json={"name": name, "rules": content})["id"])


@rules.command("show")
@click.argument("rule_set_id")
@click.option("--table-schema", is_flag=True, help="As a Frictionless Table Schema.")
@with_client
def show_rule_set(client: Client, /, rule_set_id: str, *, table_schema: bool) -> None:
    """Print the rules of a set as JSON."""
    if table_schema:
        shown = client.get(f"/rule-sets/{rule_set_id}/table-schema")
        _tell(shown["notes"])
        content = shown["table_schema"]
    else:
        content = client.get(f"/rule-sets/{rule_set_id}")["rules"]
    click.echo(json.dumps(content, indent=1, ensure_ascii=False))


def _tell(notes: list[dict[str, Any]]) -> None:
    for note in notes:
        click.echo(f"Left out: {printable(note['pointer'])}: {printable(note['message'])}", err=True)
