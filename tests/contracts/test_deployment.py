"""What is said and shown about deploying is what the product does: settings, commands, figures, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headway.cli import COMMANDS
from headway.engine.dbos import CLIENT_CONNECTIONS, RUNNER_CONNECTIONS
from headway.kit.db import POOL_CONNECTIONS, POOL_OVERFLOW
from headway.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "deploy"
GUIDES = [ROOT / "docs" / "how-to" / name for name in ("deploy.md", "operate.md")]
SETTINGS = {f"HEADWAY_{name.upper()}" for name in Settings.model_fields}

BREAKS_BUBBLEWRAP = ("RestrictNamespaces", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectProc", "ProcSubset")
"""Options of systemd under which a process cannot make a user namespace with a `/proc` of its own."""


@pytest.mark.parametrize("file", [*sorted(EXAMPLES.iterdir()), *GUIDES], ids=lambda file: file.name)
def test_every_setting_that_is_named_exists(file: Path) -> None:
    assert set(re.findall(r"HEADWAY_[A-Z_]*[A-Z]", file.read_text())) <= SETTINGS


@pytest.mark.parametrize("file", [*sorted(EXAMPLES.iterdir()), *GUIDES], ids=lambda file: file.name)
def test_every_command_that_is_named_exists(file: Path) -> None:
    text = file.read_text()
    named = re.findall(r'(?:bin/|`|exec api )headway ([a-z]+)|\["headway", "([a-z]+)"', text)
    assert {one or other for one, other in named} <= set(COMMANDS)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda file: file.name)
def test_every_link_leads_somewhere(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text()):
        assert (guide.parent / target).exists(), target


def test_the_connections_are_summed_up_as_they_are() -> None:
    api = POOL_CONNECTIONS + POOL_OVERFLOW + CLIENT_CONNECTIONS + 2
    worker = POOL_CONNECTIONS + POOL_OVERFLOW + CLIENT_CONNECTIONS + RUNNER_CONNECTIONS + 1
    assert f"| **at most** | **{api}** | **{worker}** |" in GUIDES[0].read_text()


@pytest.mark.parametrize("unit", ["headway.service", "headway-worker@.service"])
def test_the_units_of_workers_let_parsers_be_shut_in(unit: str) -> None:
    options = re.findall(r"^(\w+)=", (EXAMPLES / unit).read_text(), re.MULTILINE)
    assert not set(options) & set(BREAKS_BUBBLEWRAP)
    assert {"NoNewPrivileges", "ProtectSystem", "OOMPolicy", "KillMode"} <= set(options)


def test_one_user_leaves_a_place_to_others_unless_told_otherwise() -> None:
    fields = Settings.model_fields
    assert fields["user_concurrency"].default < fields["worker_concurrency"].default
