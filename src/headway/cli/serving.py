"""Commands that run Headway on this machine: the whole product, or one worker more.

This module is the supervisor's process as long as the product runs, so it imports little; the schema's changes,
which need every library there is, happen in a process that ends.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import click

from headway.accounts.secrets import WeakSecret, load_or_create_secret
from headway.cli.configuration import load_settings, make_data_dir
from headway.kit.logs import configure_logs
from headway.kit.processes import SUPERVISOR_PID
from headway.settings import Settings
from headway.supervisor import Command, Supervisor


@click.command()
@click.option("--host", help="Address to listen on. Default: HEADWAY_HOST, or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. Default: HEADWAY_PORT, or 8080.")
def serve(host: str | None, port: int | None) -> None:
    """Run the whole product on this machine: API, web UI and one process that works on the jobs."""
    changes: dict[str, Any] = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(**changes)
    signal.signal(signal.SIGTERM, _end_now)
    make_data_dir(settings)
    _check_secret(settings)
    _check_address(settings)
    _migrate()
    configure_logs(settings.log_level, process="serve")
    environment = {"HEADWAY_HOST": settings.host, "HEADWAY_PORT": str(settings.port)}
    # The worker comes first: the API says that it is ready once a worker has given a sign of life.
    commands = [
        Command("worker", [sys.executable, "-m", "headway.worker"]),
        Command("api", [sys.executable, "-m", "headway.app"], environment),
    ]
    sys.exit(asyncio.run(Supervisor(commands).run()))


@click.command()
def worker() -> None:
    """Work on jobs, on this machine; for more machines around one PostgreSQL database and one S3 store."""
    settings = load_settings()
    signal.signal(signal.SIGTERM, _end_now)
    make_data_dir(settings)
    _migrate("--wait")
    os.execv(sys.executable, [sys.executable, "-m", "headway.worker"])  # noqa: S606 - replaces this process on purpose


@click.command()
def api() -> None:
    """Serve the API and the web UI, without a worker; for deployments that run and count the two apart."""
    settings = load_settings()
    signal.signal(signal.SIGTERM, _end_now)
    make_data_dir(settings)
    _check_secret(settings)
    _check_address(settings)
    _migrate("--wait")
    os.execv(sys.executable, [sys.executable, "-m", "headway.app"])  # noqa: S606 - replaces this process on purpose


def _check_secret(settings: Settings) -> None:
    """End with a sentence if the secret could be guessed; make one if there is none."""
    try:
        load_or_create_secret(settings.data_dir, settings.jwt_secret.get_secret_value())
    except (WeakSecret, OSError) as error:
        raise click.ClickException(str(error)) from error


def _check_address(settings: Settings) -> None:
    """End with a sentence if nobody can listen there; the API itself would only fail again and again."""
    if settings.port == 0:
        return
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"Something else listens on {settings.host}:{settings.port}. Stop it, or choose another --port."
        else:
            sentence = f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
        raise click.ClickException(sentence) from error


def _migrate(*options: str) -> None:
    """Bring the schema up to date, or wait until it is, in a process of its own; end as it ended if it failed."""
    environment = {**os.environ, SUPERVISOR_PID: str(os.getpid())}
    command = [sys.executable, "-m", "headway.cli", "migrate", "--quiet", *options]
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def _end_now(_number: int, _frame: object) -> None:
    """Leave before anything runs; as process 1 of a container an unhandled signal would be ignored."""
    sys.exit(128 + signal.SIGTERM)
