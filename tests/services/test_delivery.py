"""The post: what is queued arrives once, what fails is brought again, nothing readable lies in the queue."""

import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib import clock
from chalicelib.core.identity import MINUTE_MS, Channel
from chalicelib.services import delivery
from chalicelib.services.delivery import NOBODY, Busy, Receiver
from chalicelib.services.letters import LANGUAGES, letter
from chalicelib.stores import deliveries
from chalicelib.stores.mail import Undelivered, Unknown
from chalicelib.workers.mail import mail as postman
from tests.post import mails, queued, texts

UID = "1000000001"
NOW = 1_800_000_000_000
UNTIL = NOW + 10 * MINUTE_MS
ADDRESS = Receiver(Channel.MAIL, "Ann@example.com", UID)
PHONE = Receiver(Channel.SMS, "+8613873647282", UID)


@pytest.fixture(autouse=True)
def now(cloud, monkeypatch):
    moment = [NOW]
    monkeypatch.setattr(clock, "now_ms", lambda: moment[0])
    monkeypatch.setattr("chalicelib.telemetry.count", lambda *_, **__: None)
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    return moment


@pytest.fixture
def trouble(monkeypatch):
    """``trouble["SendEmail"] = error`` has the next such call raise it; `after` has it take effect first."""
    call, pending = BaseClient._make_api_call, {}

    def disturbed(client, operation, parameters):
        if operation in pending:
            error, after = pending.pop(operation)
            if after:
                call(client, operation, parameters)
            raise error
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", disturbed)
    return pending


def posted(receiver=ADDRESS, name="verification"):
    delivery.post(receiver, name, "en", UNTIL, code="123456")
    (body,) = queued()
    return body


REFUSED = ClientError({"Error": {"Code": "MessageRejected", "Message": "Ann@example.com"}}, "SendEmail")
SILENT = ReadTimeoutError(endpoint_url="https://aws.test")


def test_a_mail_and_a_text_arrive():
    delivery.deliver(posted())
    delivery.deliver(posted(PHONE, "bind_mobile"))
    (mail,) = mails()
    assert (mail.destinations["ToAddresses"], mail.subject) == (["Ann@example.com"], "Your Coinport verification code")
    assert "123456" in mail.body
    (text,) = texts()
    assert text.to == PHONE.address
    assert "123456" in text.body
    assert "\n" not in text.body


def test_the_queue_tells_nothing():
    body = posted()
    assert "Ann" not in body
    assert "123456" not in body
    assert set(json.loads(body)) == {"id", "uid", "channel", "until", "sealed"}


def test_what_the_queue_brings_twice_arrives_once(now):
    body = posted()
    for _ in range(3):
        delivery.deliver(body)
        now[0] += 2 * MINUTE_MS
    assert len(mails()) == 1


def test_what_is_for_nobody_is_dropped():
    delivery.deliver(posted(Receiver(Channel.MAIL, "", NOBODY)))
    assert mails() == []


def test_what_comes_too_late_is_dropped(now):
    body = posted()
    now[0] = UNTIL
    delivery.deliver(body)
    assert mails() == []


def test_what_was_refused_is_tried_again_at_once(trouble):
    body = posted()
    trouble["SendEmail"] = (REFUSED, False)
    with pytest.raises(Undelivered) as undelivered:
        delivery.deliver(body)
    assert "Ann" not in str(undelivered.value)
    delivery.deliver(body)
    assert len(mails()) == 1


@pytest.mark.parametrize("after", [False, True])
def test_what_may_have_gone_out_is_not_repeated_within_a_minute(trouble, now, after):
    body = posted()
    trouble["SendEmail"] = (SILENT, after)
    with pytest.raises(Unknown):
        delivery.deliver(body)
    now[0] += MINUTE_MS - 1
    with pytest.raises(Busy):
        delivery.deliver(body)
    assert len(mails()) == int(after)
    now[0] += 1
    delivery.deliver(body)
    assert len(mails()) == 1 + after


def test_of_two_postmen_one_delivers(monkeypatch):
    body = posted()
    message_id = json.loads(body)["id"]
    assert deliveries.claim(message_id, "another", NOW)
    with pytest.raises(Busy):
        delivery.deliver(body)
    deliveries.release(message_id, "nobody")
    with pytest.raises(Busy):
        delivery.deliver(body)
    deliveries.release(message_id, "another")
    delivery.deliver(body)
    assert len(mails()) == 1


def test_that_a_claim_was_repeated_unseen_is_no_second_claim():
    assert deliveries.claim("id", "me", NOW)
    assert deliveries.claim("id", "me", NOW)
    assert not deliveries.claim("id", "you", NOW)


def test_what_went_out_does_not_go_out_again_though_that_could_not_be_noted(monkeypatch):
    body = posted()

    def broken(_):
        raise OSError

    monkeypatch.setattr(deliveries, "done", broken)
    delivery.deliver(body)
    with pytest.raises(Busy):
        delivery.deliver(body)
    assert len(mails()) == 1


def test_the_worker_delivers_what_the_queue_hands_it():
    from chalice.test import Client

    from app import app

    body = posted()
    with Client(app) as client:
        event = client.events.generate_sqs_event([body])
        client.lambda_.invoke("mail", event)
    assert postman is not None
    assert len(mails()) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("channel", "name", "blank"),
    [
        (Channel.MAIL, "activation", "link"),
        (Channel.MAIL, "reset", "link"),
        (Channel.MAIL, "verification", "code"),
        (Channel.SMS, "verification", "code"),
        (Channel.SMS, "bind_mobile", "code"),
    ],
)
def test_every_letter_is_there_in_both_languages(channel, name, blank, language):
    subject, text = letter(channel, name, language, **{blank: "X-123456"})
    assert "X-123456" in text
    assert "$" not in text + subject
    assert (subject + text).isascii() == (language == "en")
    assert bool(subject) == (channel is Channel.MAIL)
    if channel is Channel.SMS:
        assert len(text) <= (160 if language == "en" else 70), "one SMS"
