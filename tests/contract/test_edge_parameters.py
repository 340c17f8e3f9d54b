"""Parameters from anywhere: the query, a form, a JSON object; and whatever else may stand there."""

from contextlib import suppress
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.edge import parameters
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from tests.contract.client import proxy_event


def request(query="", body=""):
    return Request(proxy_event("POST", "/any", "/any", query=query, body=body))


def refused(query="", body=""):
    with pytest.raises(Refused) as caught:
        parameters.everywhere(request(query, body))
    return caught.value.reason, caught.value.parameter


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXTS.filter(lambda name: not name.lstrip().startswith("{")), TEXTS, max_size=8))
def test_a_form_is_read_as_it_was_written(fields):
    assert parameters.form(urlencode(fields).encode()) == fields


@pytest.mark.parametrize(
    ("query", "body", "found"),
    [
        ("a=1&b=2", "", {"a": "1", "b": "2"}),
        ("", "a=1+2&b=%E5%90%8D", {"a": "1 2", "b": "名"}),
        ("", "b=名", {"b": "名"}),
        ("a=1", '{"b": 1.50, "c": true}', {"a": "1", "b": Decimal("1.50"), "c": True}),
        ("", "  ", {}),
        ("a=1", "a=1", {"a": "1"}),
        ("", "a=", {"a": ""}),
    ],
)
def test_they_may_come_from_anywhere(query, body, found):
    assert parameters.everywhere(request(query, body)) == found


@pytest.mark.parametrize(
    "body", ["a", "a&b=1", "a=1&a=1", "a=%FF", b"a=\xff", '{"a": NaN}', "[1]", "{", "&".join("abc" * 50)]
)
def test_what_is_neither_form_nor_object_is_refused(body):
    assert refused(body=body) == (Reason.PARAMETER_INVALID, "body")


def test_more_fields_than_anybody_needs_are_refused():
    assert refused(body="&".join(f"a{number}=1" for number in range(101))) == (Reason.PARAMETER_INVALID, "body")


@pytest.mark.parametrize("body", ["a=2", '{"a": 1}', '{"a": null}'])
def test_query_and_body_must_not_disagree(body):
    assert refused("a=1", body) == (Reason.PARAMETER_INVALID, "a")


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(body):
    found = {}
    with suppress(Refused):
        found = parameters.everywhere(request("", body))
    assert isinstance(found, dict)
