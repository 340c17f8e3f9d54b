"""Messages to the matchers: what was sent is what is read, and what nobody can have sent is told apart."""

import json

import pytest

from chalicelib import settings
from chalicelib.core.orders import Cancel, Halt, Place, Resume, Side, TimeInForce
from chalicelib.stores import aws, commands, orders
from tests.core.twin import ONE, an_order

MARKET = "BTC-CNY"
ORDERS = [an_order(1, Side.BUY, ONE, 3, client_order_id="ü"), an_order(2, Side.SELL, ONE, 5, tif=TimeInForce.IOC)]


def received():
    found = aws.client("sqs").receive_message(
        QueueUrl=settings.queue_url(MARKET), MaxNumberOfMessages=10, AttributeNames=["All"]
    )
    return found.get("Messages", [])


@pytest.mark.parametrize(
    ("send", "expected"),
    [
        (lambda: commands.send_orders(MARKET, ORDERS), [Place(order) for order in ORDERS]),
        (lambda: commands.send_cancels(MARKET, "ann", [5, 6]), [Cancel(5, "ann"), Cancel(6, "ann")]),
        (lambda: commands.send_halt(MARKET, halt=True), [Halt()]),
        (lambda: commands.send_halt(MARKET, halt=False), [Resume()]),
    ],
)
def test_what_was_sent_is_what_is_read(cloud, send, expected):
    send()
    (message,) = received()
    assert commands.read(MARKET, message["Body"]) == expected
    assert message["Attributes"]["MessageGroupId"] == MARKET, "one group: a market's messages stay in order"


def test_the_same_orders_sent_again_are_not_swallowed_by_the_queue(cloud):
    for _ in range(3):
        commands.send_orders(MARKET, ORDERS)
    assert len(received()) == 3


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\x00",
        "null",
        "1",
        "[]",
        "{}",
        '"place"',
        '{"place": [], "halt": true}',
        '{"place": 1}',
        '{"place": [1]}',
        '{"place": [[]]}',
        '{"cancel": [1]}',
        '{"cancel": [["x", "ann"]]}',
        '{"cancel": [[1, "ann", 2]]}',
        '{"stop": true}',
        "[" * 100_000,
        json.dumps({"place": [[*orders.to_list(ORDERS[0])[:3], "hold", *orders.to_list(ORDERS[0])[4:]]]}),
    ],
)
def test_what_nobody_can_have_sent_is_unreadable(body):
    with pytest.raises(commands.Unreadable):
        commands.read(MARKET, body)


def test_an_order_of_another_market_is_unreadable():
    with pytest.raises(commands.Unreadable):
        commands.read("LTC-CNY", json.dumps({"place": [orders.to_list(ORDERS[0])]}))
