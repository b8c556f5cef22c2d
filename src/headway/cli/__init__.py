"""The `headway` command: everything the product can do from a terminal."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "serve": "headway.cli.serving:serve",
    "api": "headway.cli.serving:api",
    "worker": "headway.cli.serving:worker",
    "migrate": "headway.cli.schema:migrate",
    "doctor": "headway.cli.doctor:doctor",
    "sweep": "headway.cli.sweeping:sweep",
    "users": "headway.cli.users:users",
    "backup": "headway.cli.backups:backup",
    "restore": "headway.cli.backups:restore",
    "login": "headway.cli.remote:login",
    "logout": "headway.cli.remote:logout",
    "tokens": "headway.cli.tokens:tokens",
    "import": "headway.cli.uploading:import_files",
    "export": "headway.cli.exporting:export_dataset",
    "recipe": "headway.cli.cooking:recipe",
    "rules": "headway.cli.ruling:rules",
    "validate": "headway.cli.validating:validate_dataset",
    "jobs": "headway.cli.remote:jobs",
    "datasets": "headway.cli.remote:datasets",
}
"""Command to `module:attribute`. Loaded on use: `headway jobs` needs no database driver, `serve` no HTTP client."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx  # Part of click's signature; the list is the same in every context.
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]} is not a command")
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headway")
def main() -> None:
    """Headway turns files into datasets, as background jobs that you can watch, trust and steer."""
