"""What every test stands on: pinned credentials, no network, and AWS played by moto in this process where asked for."""

import os
from collections.abc import Iterator

import pytest

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
