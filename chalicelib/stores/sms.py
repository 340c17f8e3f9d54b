"""Text messages, through SNS."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.stores import aws
from chalicelib.stores.mail import Undelivered, Unknown


def send(to: str, text: str) -> None:
    """Hand one message to SNS for a number like ``+8613873647282``. Raises `Undelivered`, or `Unknown`."""
    try:
        aws.client("sns").publish(
            PhoneNumber=to,
            Message=text,
            MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
        )
    except ClientError as error:
        raise Undelivered(error.response.get("Error", {}).get("Code", "unknown")) from None
    except BotoCoreError as error:
        raise Unknown(type(error).__name__) from None
