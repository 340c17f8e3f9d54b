"""What every test stands on: pinned credentials, no network, and AWS played by moto in this process where asked for."""

import os
import sys
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

# Before anything of ours or of boto3 is imported: settings are read at import, and no test may find real credentials.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_SESSION_TOKEN="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
)
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "STAGE", "STACK", "ENDPOINT_GROUP"):
    os.environ.pop(name, None)


#: Folders whose tests share one emulator, one build folder, one browser: one process of several runs them all, in order.
TOGETHER = ("tests/deployed/", "tests/infra/", "tests/browser/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """How several processes (``-n 2``) share the work: by file, and what must stay together is one piece, the first.

    Not ``--dist loadgroup``: pytest 9 does not let xdist mark a test's group any more.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Pieces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "together" if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]

    return Pieces(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the work, the longest piece begins first."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: not item.nodeid.startswith(TOGETHER))


# How slow an example is says more of the machine's other work than of the test.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def _aws() -> Iterator[None]:
    from tests.cloud import deployment  # after the pins above

    with deployment():
        yield


@pytest.fixture
def cloud(_aws: None) -> None:
    """AWS as a new deployment finds it: all is there and all is empty."""
    from tests.cloud import empty

    empty()


@pytest.fixture
def time(cloud: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock that the test moves: ``time[0] += …`` ms."""
    from chalicelib import clock

    now = [1_800_000_000_000]
    monkeypatch.setattr(clock, "now_ms", lambda: now[0])
    return now


@pytest.fixture(scope="session", autouse=True)
def _cheap_argon2() -> Iterator[None]:
    """Passwords are hashed at the least that argon2 allows: what it costs is no test's matter but one, which sets it itself."""
    from chalicelib.services import passwords

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", 8)
        yield


class _Standard:
    """Standard output as it is at the moment of writing: pytest changes it from test to test."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture(scope="session", autouse=True)
def _log() -> Iterator[None]:
    """Have log lines written where the hook below sees them; Powertools would keep the first test's stream."""
    from chalicelib import telemetry

    @cache
    def logger() -> object:
        from aws_lambda_powertools import Logger

        return Logger(service="tests", stream=_Standard())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telemetry, "logger", logger)
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fail a test that had something written which no log may hold."""
    from tests.planted import leaks

    outcome = yield
    report = outcome.get_result()
    leaked = leaks("\n".join(text for title, text in report.sections if title.endswith(f" {report.when}")))
    if leaked and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} wrote what no log may hold: {leaked}"
