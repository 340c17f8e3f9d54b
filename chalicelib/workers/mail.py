"""The postman: hands queued mails and text messages to SES and SNS."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import settings

routes = Blueprint(__name__)


@routes.on_sqs_message(queue=settings.MAIL_QUEUE, batch_size=1, name="mail")
def mail(event: Any) -> None:  # noqa: ANN401 - chalice.app.SQSEvent
    """Deliver one message. One at a time, so that one that fails does not bring its neighbours back."""
    from chalicelib.services import delivery

    for record in event:
        delivery.deliver(record.body)
