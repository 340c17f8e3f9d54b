"""Fetches the browser of the tests in this folder: Debian's chromium, with a font for Chinese, where we may install packages.

Where we may not, or it takes too long, it says so and the tests are skipped: it never fails. `python -m tests.browser.install`
"""

import os
import shutil
import subprocess

PACKAGES = ("chromium", "fonts-wqy-zenhei")
INSTALL_S = 300
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def ensure() -> str:
    """Have a browser; what is missing for one, "" if nothing is."""
    if CHROMIUM:
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "only root can install it, with apt-get"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *PACKAGES]):
        try:
            done = subprocess.run(
                ["apt-get", "-o", "DPkg::Lock::Timeout=60", *command],
                env=environment, capture_output=True, text=True, timeout=INSTALL_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return done.stderr[-500:] if done.returncode else ""


if __name__ == "__main__":
    if missing := ensure():
        print(f"no chromium, so the browser tests will be skipped: {missing}")  # noqa: T201 - a command line
