"""Mails and text messages on their way: a standard queue, and one row per message that says who is delivering it.

The queue may hand a message over twice, or to two workers. The row makes one of them deliver it: whoever claims it may,
alone, for a minute; if no one says then what became of it, the next may try.
"""

from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError

from chalicelib import settings
from chalicelib.core.identity import DAY_MS, MINUTE_MS
from chalicelib.stores import aws
from chalicelib.stores.table import Integer, Table, refused, updated

CLAIM_MS = MINUTE_MS
DONE = "done"


class DeliveryRow(Table):
    """One message: who is at it since when (ms), or that it is done."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("deliveries")

    id = UnicodeAttribute(hash_key=True)
    holder = UnicodeAttribute()
    since = Integer()
    ttl = TTLAttribute()


def send(body: str) -> None:
    """Put one message into the queue. Raises botocore's errors."""
    aws.client("sqs").send_message(QueueUrl=settings.MAIL_QUEUE_URL, MessageBody=body)


def claim(message_id: str, holder: str, now: int) -> bool:
    """Whether `holder` may deliver a message now: nobody has it, or who had it has not been heard of for a minute."""
    row = DeliveryRow(message_id)
    free = DeliveryRow.id.does_not_exist() | (
        (DeliveryRow.holder != DONE) & ((DeliveryRow.since <= now - CLAIM_MS) | (DeliveryRow.holder == holder))
    )
    actions = [
        DeliveryRow.holder.set(holder),
        DeliveryRow.since.set(now),
        DeliveryRow.ttl.set(datetime.fromtimestamp((now + 15 * DAY_MS) // 1000, UTC)),
    ]
    return updated(row, actions, free)


def done(message_id: str) -> None:
    """A message was delivered: nobody delivers it again."""
    DeliveryRow(message_id).update(actions=[DeliveryRow.holder.set(DONE)])


def is_done(message_id: str) -> bool:
    """Whether a message was delivered."""
    try:
        return DeliveryRow.get(message_id, consistent_read=True).holder == DONE
    except DeliveryRow.DoesNotExist:
        return False


def release(message_id: str, holder: str) -> None:
    """A message was surely not delivered: the next may try at once."""
    try:
        DeliveryRow(message_id).delete(DeliveryRow.holder == holder)
    except DeleteError as error:
        if not refused(error):
            raise
