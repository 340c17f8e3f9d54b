"""Mail, through SES."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.stores import aws


class Undelivered(Exception):  # noqa: N818 - says what is the case
    """SES did not take a mail, or did not say that it did. The message names SES's error, never the receiver."""


def send(to: str, subject: str, text: str) -> None:
    """Hand one mail of plain text to SES. Raises `Undelivered`."""
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
        raise Undelivered(type(error).__name__) from None
