"""The post of the tests' own: works off the queue of mails and text messages, and shows what SES and SNS were given."""

import os
import re
from typing import NamedTuple

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from chalicelib import settings
from chalicelib.services import delivery
from chalicelib.stores import aws
from tests.planted import plant


class Text(NamedTuple):
    """One SMS."""

    to: str
    body: str


def queued():
    """Take everything out of the queue."""
    bodies = []
    while (
        messages := aws.client("sqs")
        .receive_message(QueueUrl=settings.MAIL_QUEUE_URL, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        .get("Messages")
    ):
        for message in messages:
            bodies.append(message["Body"])
            aws.client("sqs").delete_message(QueueUrl=settings.MAIL_QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def deliver():
    """Let the postman work off the queue."""
    for body in queued():
        delivery.deliver(body)


def mails():
    """What SES was given, oldest first, after all that waits was delivered."""
    deliver()
    return list(ses_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].sent_messages)


def texts():
    """What SNS was given, oldest first, after all that waits was delivered."""
    deliver()
    sent = sns_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].sms_messages
    return [Text(to, body) for to, body in sent.values()]


def mailed_token(number=-1):
    """The token of a mailed link."""
    return plant(re.search(r"token=([A-Z2-7]{40})", mails()[number].body)[1])


def mailed_code(number=-1):
    """The six digits of a mail."""
    return re.search(r"(?<!\d)\d{6}(?!\d)", mails()[number].body)[0]


def texted_code(number=-1):
    """The six digits of an SMS."""
    return re.search(r"(?<!\d)\d{6}(?!\d)", texts()[number].body)[0]
