"""The zip: small, the same from the same sources, and complete without any virtual environment."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from infra import package


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    with zipfile.ZipFile(built / "code.zip") as archive:
        archive.extractall(folder)
    return folder


def load(unpacked, module, **environment):
    """Import a module as Lambda would: from the zip and Python alone. Gives back the top-level modules it took."""
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); import {module}, json;"
        "print(json.dumps(sorted(set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"STAGE": "local", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_the_zip_carries_no_ballast(built, unpacked):
    assert (built / "code.zip").stat().st_size < 11e6
    names = {path.name for path in unpacked.iterdir()}
    assert not names & {"infra", "tests", "pip", "setuptools", "moto", "ministack", "hypothesis", ".local"}
    services = {path.name for path in (unpacked / "botocore/data").iterdir() if path.is_dir()}
    assert services <= set(package.SERVICES)


@pytest.mark.parametrize("group", ["market", "identity", "trading", "wallet"])
def test_a_group_loads_from_the_zip_alone_and_nothing_of_the_others(unpacked, group):
    loaded = load(unpacked, "app", ENDPOINT_GROUP=group)
    assert f"chalicelib.api.coinport.{group}" in loaded
    others = {"market", "identity", "trading", "wallet"} - {group}
    assert not {f"chalicelib.api.coinport.{other}" for other in others} & loaded
    assert not any(name.startswith("chalicelib.workers") for name in loaded)


@pytest.mark.parametrize("worker", ["matching", "sweeper", "checkpoints", "ops"])
def test_a_worker_loads_from_the_zip_alone_and_no_api(unpacked, worker):
    loaded = load(unpacked, f"chalicelib.workers.{worker}")
    assert "app" not in loaded
    assert not any(name.startswith("chalicelib.api") for name in loaded)


@pytest.mark.parametrize("service", ["matching", "trading", "operations", "identity", "wallet", "market_data"])
def test_services_find_their_distributions_in_the_zip(unpacked, service):
    load(unpacked, f"chalicelib.services.{service}, aws_lambda_powertools, argon2")


def test_the_same_sources_give_the_same_zip(built, tmp_path):
    again = tmp_path / "again.zip"
    package.write_zip(again, package.dependencies("local"))
    assert again.read_bytes() == (built / "code.zip").read_bytes()


def test_packaging_twice_gives_the_same_bytes(built):
    first = {path.name: path.read_bytes() for path in built.iterdir()}
    assert set(first) == {"code.zip", "template.json"}
    # Another order of sets and dictionaries must not show.
    command = [sys.executable, "-m", "infra.package", "--stage", "local"]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run(command, cwd=package.ROOT, env=environment, capture_output=True, check=True)
    assert {path.name: path.read_bytes() for path in built.iterdir()} == first
