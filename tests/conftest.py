"""What every test stands on: pinned credentials, no network, and AWS played by moto in this process where asked for."""

import importlib
import os
import pkgutil
import threading
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

from chalicelib import settings, stores  # noqa: E402 - after the pins above
from chalicelib.stores import aws  # noqa: E402
from chalicelib.stores.table import Table  # noqa: E402


def tables() -> list[type[Table]]:
    """A model of every table that the stores define; of several models that share a table the one that came first."""
    for module in pkgutil.walk_packages(stores.__path__, f"{stores.__name__}."):
        importlib.import_module(module.name)
    return list({model.Meta.table_name: model for model in reversed(Table.__subclasses__())}.values())


@pytest.fixture(scope="session")
def _aws() -> Iterator[None]:
    """A deployment on moto, made once: tables, queues, a key, the bucket, a sender that may send."""
    from moto import mock_aws  # not at the top: the tests of the pure core need no moto, which takes a second

    with mock_aws():
        for table in tables():
            table.create_table(billing_mode="PAY_PER_REQUEST")
        for market in settings.exchange().markets:
            aws.client("sqs").create_queue(QueueName=settings.queue(market), Attributes={"FifoQueue": "true"})
        kms = aws.client("kms")
        kms.create_alias(AliasName=settings.KMS_KEY, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        aws.client("s3").create_bucket(Bucket=settings.BUCKET)
        aws.client("ses").verify_email_identity(EmailAddress=settings.MAIL_SENDER)
        yield


@pytest.fixture
def cloud(_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS as a new deployment finds it: all is there and all is empty.

    moto's calls run one at a time: its transactions are not atomic against calls of other threads.
    """
    from botocore.client import BaseClient

    one_at_a_time, call = threading.RLock(), BaseClient._make_api_call

    def locked(*args, **kwargs):
        with one_at_a_time:
            return call(*args, **kwargs)

    monkeypatch.setattr(BaseClient, "_make_api_call", locked)
    _empty()


def _empty() -> None:
    """Take out what the last test left: 1 ms, where making everything anew takes 150."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends
    from moto.s3.models import _VersionedKeyStore, s3_backends
    from moto.ses.models import ses_backends
    from moto.sqs.models import sqs_backends

    region = os.environ["AWS_DEFAULT_REGION"]
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables.values():
        table.items.clear()
    for queue in sqs_backends[DEFAULT_ACCOUNT_ID][region].queues.values():
        queue._messages = []
        queue._pending_messages = set()
        queue.deleted_messages = set()
    for bucket in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.values():
        bucket.keys = _VersionedKeyStore()
    ses_backends[DEFAULT_ACCOUNT_ID][region].sent_messages.clear()
