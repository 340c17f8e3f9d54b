"""Whatever is thrown at a method that changes things: one bad argument, wherever it stands, and nothing changes."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.stores import aws
from chalicelib.stores.accounts import AccountRow
from chalicelib.stores.transfers import TransferRow
from chalicelib.stores.users import UserRow
from chalicelib.stores.withdrawal_addresses import WithdrawalAddressRow
from tests.contract.test_router_trading import routed

GOOD = {
    "buy": {"pair": "BTC/CNY", "amount": "1", "price": "2000"},
    "sell": {"pair": "BTC/CNY", "amount": "1", "price": "2000"},
    "withdraw": {"coin": "BTC", "amount": "1"},
    "set_withdraw_address": {"coin": "BTC", "address": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
    "make_valid_code": {"user": "someone@example.com"},
    "regeist_user": {"user": "someone@example.com", "pass": "long enough", "valid_code": "123456"},
    "login": {"user": "someone@example.com", "pass": "long enough"},
}
#: No name, pair, coin, address, number or code is any of these.
BAD = st.one_of(
    st.sampled_from(
        [
            "NaN", "-NaN", "Infinity", "1e400", "-1e400", "-1", "9" * 400, "0x10", "1;2", "\u0000", "\ufeff1", "１", "٣",
            "B\u200bTC/CNY", "ＢＴＣ/CNY", "BTC/CNY ", "🐎", "名字@例子.中国", "' OR 1=1 --", "../..", "%00", "x" * 10_000,
        ]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "L", "N", "Zs"]), min_size=1, max_size=30),
)  # fmt: skip
ODD = st.sampled_from([None, True, [], {}, ["1"], {"a": 1}, [[[[1]]]], -1, 1.5e300])
PLAIN = {"pass"}  # a password may be any text


def standing():
    """All that the methods could change, as it stands."""
    rows = [AccountRow, TransferRow, UserRow, WithdrawalAddressRow]
    client = aws.client("dynamodb")
    return [client.scan(TableName=row.Meta.table_name)["Items"] for row in rows]


@pytest.fixture
def ann(exchange):
    person = exchange.person(BTC="10", CNY="10000")
    UserRow(person.uid).update(actions=[UserRow.email_auth.set(False)])
    return routed(person)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_bad_argument_changes_nothing(ann, data):
    method = data.draw(st.sampled_from(sorted(GOOD)))
    name = data.draw(st.sampled_from(sorted(set(GOOD[method]) - PLAIN)))
    place = data.draw(st.sampled_from(["query", "form", "json"]))
    bad = data.draw(st.one_of(BAD, ODD) if place == "json" else BAD)
    fields = {**GOOD[method], name: bad}
    before = standing()
    ann.method = method
    match place:
        case "query":
            reply = ann.request("POST", f"/router?{urlencode({'router': method, **fields})}", body="")
        case "form":
            reply = ann.request("POST", f"/router?router={method}", body=urlencode(fields))
        case _:
            reply = ann.request("POST", f"/router?router={method}", body=json.dumps(fields))
    assert reply.body["status"] is False
    assert standing() == before


@given(body=st.binary(max_size=300), method=st.sampled_from(sorted(GOOD)))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_for_a_body_change_nothing(ann, body, method):
    before = standing()
    reply = ann.request("POST", f"/router?router={method}", body=body)
    assert reply.body["status"] is False
    assert standing() == before
