"""Finds a Chromium for the browser tests, or brings one from npm. Nothing is downloaded from anywhere else."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "browser"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""The first of them draws pages as the others do, and has no window around them: a test takes two thirds of the time."""

UNPACK = """
import fs from 'node:fs'
import zlib from 'node:zlib'
import { pipeline } from 'node:stream/promises'
const from = 'node_modules/@sparticuz/chromium/bin/', to = 'node_modules/.chromium/'
fs.mkdirSync(to, { recursive: true })
const unpack = (name, target, mode) =>
  pipeline(fs.createReadStream(from + name), zlib.createBrotliDecompress(), fs.createWriteStream(to + target, { mode }))
for (const name of ['al2023', 'fonts']) await unpack(name + '.tar.br', name + '.tar')
await unpack('chromium.br', 'chromium.part', 0o755)
fs.renameSync(to + 'chromium.part', to + 'chromium')
"""


class NoBrowser(Exception):
    """There is no Chromium and none can be had; says why."""


def uibuild() -> ModuleType:
    """Return the build script of the UI, which knows where Node is."""
    spec = importlib.util.spec_from_file_location("uibuild", ROOT / "uibuild.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_chromium() -> tuple[str, dict[str, str]]:
    """Return the path of a Chromium and what its environment needs. Raises `NoBrowser`."""
    for found in (os.environ.get("CHROMIUM"), *map(shutil.which, SYSTEM)):
        if found:
            return found, {}
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoBrowser("install Chromium or set CHROMIUM=/path/to/it")
    try:
        return _from_npm()
    except (subprocess.CalledProcessError, OSError) as error:
        raise NoBrowser(f"the copy from npm could not be had ({error}); install Chromium or set CHROMIUM") from error


def _from_npm() -> tuple[str, dict[str, str]]:
    build = uibuild()
    build.npm_install(FOLDER)
    home = FOLDER / "node_modules" / ".chromium"
    if not (home / "chromium").exists():
        build.run_node(FOLDER, "--input-type=module", "-e", UNPACK)
        for name in ("al2023", "fonts"):
            with tarfile.open(home / f"{name}.tar") as archive:
                # Python 3.11.2 of Debian 12 has no filters yet; the archive is pinned by hash.
                archive.extractall(home / name, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # type: ignore[arg-type]  # noqa: S202 - as said
    # The package's own file points to folders of another machine; without fonts all text counts as hidden.
    (home / "fonts" / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{home}/fonts/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{home}/fonts/cache</cachedir></fontconfig>"
    )
    needs = {"LD_LIBRARY_PATH": f"{home}/al2023/lib", "FONTCONFIG_PATH": f"{home}/fonts", "HOME": str(home)}
    return str(home / "chromium"), needs
