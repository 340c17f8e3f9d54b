"""What may be granted: actions on resources of the template, in IAM's words. Who gets what: `infra.roles`."""

from dataclasses import dataclass
from typing import Any

from chalicelib import settings

Arn = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions allowed on resources."""

    actions: tuple[str, ...]
    resources: tuple[Arn, ...]
    #: The actions are allowed on all but the resources.
    others: bool = False

    def statement(self) -> dict[str, Any]:
        """The grant in IAM's words."""
        where = "NotResource" if self.others else "Resource"
        return {"Effect": "Allow", "Action": list(self.actions), where: list(self.resources)}


def pascal(name: str) -> str:
    """A logical id: ``match-btc-cny`` → ``MatchBtcCny``."""
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))


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
    return Grant(("sqs:SendMessage",), tuple(att(queue(market), "Arn") for market in markets))


def archive(prefix: str, *actions: str) -> Grant:
    """S3 object `actions` below a prefix of the archive."""
    return Grant(tuple(f"s3:{action}" for action in actions), ({"Fn::Sub": f"${{Archive.Arn}}/{prefix}*"},))


def uploads(prefix: str, *actions: str) -> Grant:
    """S3 object `actions` below a prefix of what people upload."""
    return Grant(tuple(f"s3:{action}" for action in actions), ({"Fn::Sub": f"${{Uploads.Arn}}/{prefix}*"},))


def mail() -> Grant:
    """Sending mail in the name of any verified identity; SES itself refuses the others."""
    return Grant(
        ("ses:SendEmail",), ({"Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"},)
    )


def sms() -> Grant:
    """Sending text messages. A phone number has no ARN, so IAM can only say: on what is no topic (or other resource)."""
    return Grant(("sns:Publish",), ({"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"},), others=True)


def post(*actions: str) -> Grant:
    """SQS `actions` on the queue of mails and text messages."""
    return Grant(tuple(f"sqs:{action}" for action in actions), (att("MailQueue", "Arn"),))


def nodes() -> Grant:
    """Reading where full nodes are, and by which passwords they answer: parameters that operators put there."""
    where = f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/{settings.STACK}/nodes/*"
    return Grant(("ssm:GetParameter",), ({"Fn::Sub": where},))


def signing(*actions: str) -> Grant:
    """KMS `actions` on the key that signs what we publish."""
    return Grant(tuple(f"kms:{action}" for action in actions), (att("SigningKey", "Arn"),))


def key(*actions: str) -> Grant:
    """KMS `actions` on the deployment's key."""
    return Grant(tuple(f"kms:{action}" for action in actions), (att("Key", "Arn"),))


def _table(noun: str) -> str:
    return f"{pascal(noun)}Table"


def queue(market: str) -> str:
    """The logical id of a market's queue."""
    return f"{pascal('match-' + market.lower())}Queue"
