"""What a cold start costs: `python -m bench.coldstart` prints one JSON line per endpoint group and worker, and one for the zip.

Each import is timed in a fresh process, taking turns with `import boto3` in the same run. The best of several rounds
counts, for other work only ever slows it down, and of it the ratio, for a Lambda's CPU is not this machine's.
`rss_mb` is the process' resident memory after it.
Reached for: market ≤ 1.3, every group ≤ 2.0, the zip ≤ 25 MB. The run fails when one of them is missed.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs as a file as well as with -m

from infra import package  # noqa: E402 - after the path above

LIMITS = {"market": 1.3, "web": 1.3}
LIMIT = 2.0
ZIP_MB_MAX = 25
PROBE = """
import re, time
begin = time.perf_counter()
__import__({module!r})
took = time.perf_counter() - begin
print(took, re.search("VmRSS:\\s+([0-9]+)", open("/proc/self/status").read())[1])
"""


def main() -> None:
    """Parse the options, measure, print, fail if something is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    subjects = {group: ("app", group) for group in groups()} | {
        "matcher": ("chalicelib.services.matching", ""),
        "boto3": ("boto3", ""),
    }
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, (module, group) in subjects.items():
            found[name].append(probe(module, group))
    unit = min(took for took, _ in found["boto3"])
    missed = []
    for name, probes in found.items():
        took = min(seconds for seconds, _ in probes)
        ratio = round(took / unit, 2)
        print(json.dumps({"group": name, "ratio": ratio, "ms": round(took * 1000), "rss_mb": probes[-1][1] // 1024}))
        if ratio > LIMITS.get(name, LIMIT):
            missed.append(f"{name} {ratio}")
    size = zip_size()
    print(json.dumps({"zip_mb": round(size / 2**20, 1)}))
    if size > ZIP_MB_MAX * 2**20:
        missed.append(f"zip {size}")
    if missed:
        sys.exit("too slow: " + ", ".join(missed))


def groups() -> list[str]:
    """The endpoint groups, as the app knows them."""
    import app

    return list(app.GROUPS)


def probe(module: str, group: str) -> tuple[float, int]:
    """Seconds to import `module` in a process of its own, and its resident memory in KB."""
    environment = {**os.environ, "ENDPOINT_GROUP": group, "STAGE": "bench", "AWS_DEFAULT_REGION": "us-east-1"}
    # The package is compiled (infra.package), so what is timed here has to be: by the first round, if need be.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", PROBE.format(module=module)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    took, memory = done.stdout.split()
    return float(took), int(memory)


def zip_size() -> int:
    """The size of the package, made anew if its sources changed."""
    subprocess.run(
        [sys.executable, "-m", "infra.package", "--stage", "local"], cwd=ROOT, check=True, capture_output=True
    )
    return max(file.stat().st_size for file in (package.BUILD / "local").glob("*.zip"))


if __name__ == "__main__":
    main()
