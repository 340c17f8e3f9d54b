"""AWS played by moto in this process: a deployment of ours, made once and emptied between tests."""

import importlib
import os
import pkgutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.client import BaseClient

from chalicelib import clock, settings, stores
from chalicelib.services import trading
from chalicelib.stores import aws
from chalicelib.stores.leases import LEASE_MS, Lease
from chalicelib.stores.table import Table


def tables() -> list[type[Table]]:
    """A model of every table that the stores define; of several models that share a table the one that came first."""
    for module in pkgutil.walk_packages(stores.__path__, f"{stores.__name__}."):
        importlib.import_module(module.name)
    return list({model.Meta.table_name: model for model in reversed(Table.__subclasses__())}.values())


@contextmanager
def deployment() -> Iterator[None]:
    """A deployment on moto: tables, queues, a key, the bucket, a sender that may send.

    moto's calls run one at a time: its transactions are not atomic against calls of other threads.
    """
    from moto import mock_aws  # not at the top: the tests of the pure core need no moto, which takes a second

    one_at_a_time, call = threading.RLock(), BaseClient._make_api_call

    def locked(*args, **kwargs):
        with one_at_a_time:
            return call(*args, **kwargs)

    with mock_aws():
        BaseClient._make_api_call = locked
        for table in tables():
            table.create_table(billing_mode="PAY_PER_REQUEST")
        for market in settings.exchange().markets:
            aws.client("sqs").create_queue(QueueName=settings.queue(market), Attributes={"FifoQueue": "true"})
        aws.client("sqs").create_queue(QueueName=settings.MAIL_QUEUE)
        kms = aws.client("kms")
        kms.create_alias(AliasName=settings.KMS_KEY, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=settings.SIGNING_KEY, TargetKeyId=signing)
        for bucket in (settings.BUCKET, settings.UPLOADS_BUCKET):
            aws.client("s3").create_bucket(Bucket=bucket)
        aws.client("ses").verify_email_identity(EmailAddress=settings.MAIL_SENDER)
        try:
            yield
        finally:
            BaseClient._make_api_call = call


def empty() -> None:
    """Take out what the last test left: 1 ms, where making everything anew takes 150."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends
    from moto.s3.models import _VersionedKeyStore, s3_backends
    from moto.ses.models import ses_backends
    from moto.sns.models import sns_backends
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
    sns_backends[DEFAULT_ACCOUNT_ID][region].sms_messages.clear()
    if trading.LEASE._until > clock.now_ms() + LEASE_MS:
        # A test had wound the clock on: a container never makes an id of an earlier moment than its last.
        trading.LEASE = Lease()
