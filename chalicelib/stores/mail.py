"""Mail, through SES."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.stores import aws


class Undelivered(Exception):  # noqa: N818 - says what is the case
    """A message was surely not taken. The text names the service's error, never the receiver."""


class Unknown(Undelivered):
    """The service did not say whether it took a message."""


def send(to: str, subject: str, text: str) -> None:
    """Hand one mail of plain text to SES. Raises `Undelivered`, or `Unknown`."""
    try:
        aws.client("ses").send_email(
            Source=settings.MAIL_SENDER,
            Destination={"ToAddresses": [to]},
            Message={
                "Subject": {"Data": subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
            },
        )
    except ClientError as error:
        raise Undelivered(error.response.get("Error", {}).get("Code", "unknown")) from None
    except BotoCoreError as error:
        raise Unknown(type(error).__name__) from None
