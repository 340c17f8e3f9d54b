"""Mails and text messages: a request only queues them, a worker hands them to SES and SNS.

So that a delivery that fails is repeated and never lost in silence (after five tries it lies in a dead-letter queue that
an alarm watches), that none is made twice within a minute, and that a request does the same whoever the receiver is:
what is for nobody travels the same way and is dropped by the worker.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core.identity import Channel
from chalicelib.services.letters import letter
from chalicelib.stores import deliveries, mail, sms, vault

#: Whose a message is that goes to nobody.
NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a message goes, and whose it is: sealed for `uid`. An empty `address` is nobody's.

    A code is bound to `name` where there is one, else to `address`: an address may be written in several ways.
    """

    channel: Channel
    address: str = field(repr=False)
    uid: str = NOBODY
    name: str = field(default="", repr=False)


class Busy(Exception):  # noqa: N818 - says what is the case
    """Another worker has a message in hand, or had it less than a minute ago and did not say what became of it."""


def post(receiver: Receiver, name: str, language: str, until: int, **values: str) -> None:
    """Queue the letter `name`, worth nothing after `until` (ms since epoch). Raises what KMS or SQS raise."""
    content = {"to": receiver.address, "name": name, "language": language, "values": values}
    sealed = vault.seal(json.dumps(content), receiver.uid)
    message = {
        "id": clock.token_bytes(16).hex(),
        "uid": receiver.uid,
        "channel": receiver.channel,
        "until": until,
        "sealed": base64.b64encode(sealed).decode(),
    }
    deliveries.send(json.dumps(message))


def deliver(body: str) -> None:
    """Deliver one message of the queue, unless it was. Raises so that the queue brings it again."""
    message = json.loads(body)
    content = json.loads(vault.unseal(base64.b64decode(message["sealed"]), message["uid"], remember=False))
    if not content["to"]:
        return
    message_id, now = str(message["id"]), clock.now_ms()
    if now >= message["until"]:
        telemetry.count("delivery_too_late")
        return
    holder = clock.token_bytes(16).hex()
    if not deliveries.claim(message_id, holder, now):
        if deliveries.is_done(message_id):
            return
        raise Busy(message_id)
    channel = Channel(message["channel"])
    subject, text = letter(channel, content["name"], content["language"], **content["values"])
    try:
        if channel is Channel.MAIL:
            mail.send(content["to"], subject, text)
        else:
            sms.send(content["to"], text)
    except mail.Unknown:
        raise  # perhaps it went out: the claim keeps others away for a minute
    except mail.Undelivered:
        deliveries.release(message_id, holder)
        raise
    try:
        deliveries.done(message_id)
    except Exception as error:  # noqa: BLE001 - it went out; were this raised, it would go out again
        telemetry.alarm("delivery_not_noted", error, message_id=message_id)
