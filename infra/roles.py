"""Who may do what: one table, from function to grants. Least privilege: an action that no code makes is not here.

A function's role carries its own grants and the right to write its own log. `tests/infra` holds the template to it.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib import settings

Arn = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions allowed on resources."""

    actions: tuple[str, ...]
    resources: tuple[Arn, ...]

    def statement(self) -> dict[str, Any]:
        """The grant in IAM's words."""
        return {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}


def att(logical: str, attribute: str) -> dict[str, Any]:
    """An attribute of a resource of the template."""
    return {"Fn::GetAtt": [logical, attribute]}


def table(noun: str, *actions: str) -> Grant:
    """DynamoDB `actions` on a table."""
    return Grant(tuple(f"dynamodb:{action}" for action in actions), (att(_table(noun), "Arn"),))


def index(noun: str, name: str) -> Grant:
    """Queries of one index of a table."""
    return Grant(("dynamodb:Query",), ({"Fn::Sub": f"${{{_table(noun)}.Arn}}/index/{name}"},))


def send(*markets: str) -> Grant:
    """Sending commands to the queues of `markets`."""
    return Grant(("sqs:SendMessage",), tuple(att(_queue(market), "Arn") for market in markets))


def consume(market: str) -> Grant:
    """What Lambda's poller does in the name of a market's matcher."""
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
    return Grant(actions, (att(_queue(market), "Arn"),))


def archive(prefix: str, *actions: str) -> Grant:
    """S3 object `actions` below a prefix of the archive."""
    return Grant(tuple(f"s3:{action}" for action in actions), ({"Fn::Sub": f"${{Archive.Arn}}/{prefix}*"},))


def archive_list() -> Grant:
    """Listing the archive; without it S3 says "forbidden" of what is not there (so no condition on a prefix either)."""
    return Grant(("s3:ListBucket",), (att("Archive", "Arn"),))


def key(*actions: str) -> Grant:
    """KMS `actions` on the deployment's key."""
    return Grant(tuple(f"kms:{action}" for action in actions), (att("Key", "Arn"),))


def _table(noun: str) -> str:
    return "".join(part.capitalize() for part in noun.split("-")) + "Table"


def _queue(market: str) -> str:
    return "Match" + "".join(part.capitalize() for part in market.split("-")) + "Queue"


MARKETS = tuple(settings.exchange().markets)


def _matcher(market: str) -> tuple[Grant, ...]:
    return (consume(market), *_MATCHING)


#: Committing to the journal and applying the effects: matchers do it, and so does whoever repairs after them.
_MATCHING = (
    table("journal", "GetItem", "PutItem", "Query"),
    table("accounts", "GetItem", "UpdateItem"),
    table("orders", "BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem"),
    table("trades", "BatchWriteItem"),
    archive("books/", "GetObject"),
    archive_list(),
)

GRANTS: dict[str, tuple[Grant, ...]] = {
    "api-market": (),
    "api-identity": (),
    "api-trading": (
        table("accounts", "GetItem", "UpdateItem"),
        table("orders", "BatchGetItem", "GetItem", "Query"),
        table("trades", "BatchGetItem", "Query"),
        index("trades", "taker"),
        index("trades", "maker"),
        send(*MARKETS),
    ),
    "api-wallet": (table("accounts", "GetItem"),),
    "sweep": (*_MATCHING, index("accounts", "waiting"), send(*MARKETS)),
    "checkpoint": (table("journal", "Query"), archive("books/", "GetObject", "PutObject"), archive_list()),
    "ops": (
        table("accounts", "GetItem", "PutItem", "Scan", "UpdateItem"),
        table("journal", "GetItem", "Query"),
        table("orders", "Scan"),
        table("trades", "Query"),
        send(*MARKETS),
    ),
} | {f"match-{market.lower()}": _matcher(market) for market in MARKETS}

#: Functions that Lambda invokes asynchronously: what they fail at ends in the dead-letter queue.
SCHEDULED = ("sweep", "checkpoint")


def role(name: str) -> dict[str, Any]:
    """The role of function `name` (as in `GRANTS`)."""
    logs = Grant(
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        (
            {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                f"log-group:/aws/lambda/{settings.STACK}-{name}:*"
            },
        ),
    )
    grants = [*GRANTS[name], logs]
    if name in SCHEDULED:
        grants.append(Grant(("sqs:SendMessage",), (att("DeadLetters", "Arn"),)))
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "grants",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [grant.statement() for grant in grants],
                    },
                }
            ],
        },
    }
