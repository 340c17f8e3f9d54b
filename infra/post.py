"""The way of mails and text messages: a queue, the postman behind it, and where what five tries did not deliver ends up."""

from typing import Any

from chalicelib import settings
from infra import alarms
from infra.grants import att

Template = dict[str, Any]

POSTMAN = "mail"
POSTMAN_TIMEOUT_S = 15
POSTMAN_MEMORY_MB = 512
#: Six times the time-out, as AWS asks for, and longer than a claim (`stores.deliveries.CLAIM_MS`): the next try may make its own.
VISIBILITY_S = 6 * POSTMAN_TIMEOUT_S
TRIES_MAX = 5
RETENTION_S = 14 * 24 * 3600


def fed(worker: Template) -> Template:
    """The postman's properties, its queue by reference: CloudFormation has to create that first."""
    for event in worker["Events"].values():
        event["Properties"]["Queue"] = att("MailQueue", "Arn")
    return worker


def queues() -> Template:
    """The two queues and their alarms. What lies in them is sealed (see `services.delivery`)."""
    return {
        "MailQueue": _queue(
            settings.MAIL_QUEUE,
            VisibilityTimeout=VISIBILITY_S,
            RedrivePolicy={"deadLetterTargetArn": att("MailDeadLetters", "Arn"), "maxReceiveCount": TRIES_MAX},
        ),
        "MailDeadLetters": _queue(f"{settings.MAIL_QUEUE}-dead-letters"),
        **alarms.of_market(POSTMAN),
        **alarms.of_dead_letters("MailDeadLetters", "mail-dead-letters"),
    }


def _queue(name: str, **properties: object) -> Template:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": name,
            "MessageRetentionPeriod": RETENTION_S,
            "SqsManagedSseEnabled": True,
            **properties,
        },
    }
