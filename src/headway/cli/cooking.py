"""`headway recipe`: keeps recipes, and runs them or a file of steps on a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headway.cli.client import Client, read_json, with_client
from headway.cli.output import printable
from headway.cli.uploading import follow_to_end
from headway.kit.text import is_uuid


@click.group("recipe")
def recipe() -> None:
    """Keep recipes and run them on datasets."""


@recipe.command("list")
@with_client
def list_recipes(client: Client, /) -> None:
    """List the recipes that are kept."""
    for each in client.items("/recipes"):
        steps = ", ".join(step["step"] for step in each["steps"])
        click.echo(f"{each['id']}  {printable(each['name'])}  version {each['version']}: {steps}")


@recipe.command("save")
@click.argument("name")
@click.argument("steps", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_client
def save_recipe(client: Client, /, name: str, steps: Path) -> None:
    """Keep the steps in a JSON file under a name."""
    kept = client.post("/recipes", json={"name": name, "steps": read_json(steps)})
    click.echo(kept["id"])


@recipe.command("run")
@click.argument("dataset_id")
@click.argument("recipe_or_file")
@click.option("--as", "name", help="Make a new dataset of this name. Default: a new version of the dataset.")
@click.option("--propose", is_flag=True, help="Only prepare the new version, to be looked at and applied.")
@with_client
def run_recipe(client: Client, /, dataset_id: str, recipe_or_file: str, name: str | None, *, propose: bool) -> None:
    """Run a kept recipe, by its id, or a JSON file of steps. The exit status is 1 if that failed."""
    wish: dict[str, Any] = {"into": "dataset", "name": name} if name else {}
    wish |= {"apply": False} if propose else {}
    if is_uuid(recipe_or_file):
        job = client.post(f"/datasets/{dataset_id}/recipes/{recipe_or_file}", json=wish)
    else:
        file = Path(recipe_or_file)
        if not file.is_file():
            raise click.ClickException(f"{recipe_or_file} is neither the id of a recipe nor a file.")
        wish |= {"steps": read_json(file), "recipe": file.stem[:200]}
        job = client.post(f"/datasets/{dataset_id}/transforms", json=wish)
    job = follow_to_end(client, job)
    click.echo(f"{job['related_dataset_id']}: {printable(job['message'] or '')}")
