"""The fiat ramp on AWS's own DynamoDB Local, as a part of `on_dynamodb_local`: there is no KMS, so that sealing is played."""

import hashlib

from chalicelib import clock
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.ramp import deadlines, moves, orders, partners, signing
from chalicelib.stores import users, vault
from tests.services import ramp_world
from tests.services.ramp_world import SOURCE, bought, get, held, path, purchase, sale


def refusal(call, *arguments):
    try:
        call(*arguments)
    except Refused as refused:
        return refused.reason
    return None


def main():
    vault.seal = lambda secret, uid: f"{uid}|{secret}".encode()
    vault.unseal = lambda sealed, uid, **_: sealed.decode().removeprefix(f"{uid}|")
    vault.mac = lambda message: hashlib.sha256(message).digest()
    for _ in range(9):
        users.next_uid()  # the others' accounts have no people
    partner = ramp_world.partner()
    uid = ramp_world.person(USDT="100")

    made = partners.renew(SOURCE)
    signed = ramp_world.headers(made.api_key, made.secret, {"a": "1"})
    call = signing.Call(made.api_key, signed["timestamp"], signed["sign"], {"a": "1"})
    assert signing.caller(call).source == SOURCE
    assert refusal(signing.caller, call) is Reason.REPLAYED
    assert len(partners.every()) == 1

    wish = purchase()
    order = bought(partner, wish)
    assert orders.buy(partner, wish).fingerprint == order.fingerprint
    assert refusal(orders.sell, partner, sale(order_no=wish.order_no)) is Reason.ORDER_NO_TAKEN
    moves.credit(order.note_code, order.amounts.legal, "ann")
    for _ in range(2):
        moves.release(SOURCE, order.order_no, "ann")
    assert path(order) == "1345"

    sold = sale("20")
    for _ in range(2):
        orders.sell(partner, sold)
    assert refusal(orders.sell, partner, sale("1000")) is Reason.INSUFFICIENT_FUNDS
    refused, paid = orders.sell(partner, sale("30")), get(orders.sell(partner, sale("40")))
    for one in (refused, paid):
        moves.approve(SOURCE, one.order_no, "ann")
    assert {one.order_no for one in orders.unended()} == {sold.order_no, refused.order_no, paid.order_no}
    moves.reject(SOURCE, refused.order_no, "ann", "")
    moves.pay(SOURCE, paid.order_no, "ann")
    assert held(uid)[1] == 20

    late = bought(partner)
    now = clock.now_ms
    clock.now_ms = lambda: now() + 2 * 86_400_000
    assert (deadlines.run(), deadlines.run()) == (1, 0)
    clock.now_ms = now
    assert (path(late), path(refused), path(paid)) == ("132", "132", "1345")
