"""API keys: what each may do, from where, and how their tags and lists are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import api_keys
from chalicelib.core.api_keys import ApiKey, Reach, permitted
from chalicelib.core.reasons import Reason, Refused

HERE, THERE = "203.0.113.7", "198.51.100.1"


def key(**more):
    return ApiKey("t", "1000000001", b"", 0, **more)


@pytest.mark.parametrize(
    ("reach", "does"),
    [
        (Reach.READ, {Reach.READ}),
        (Reach.TRADE, {Reach.READ, Reach.TRADE}),
        (Reach.ALL, set(Reach)),
    ],
)
def test_a_key_does_what_its_type_allows(reach, does):
    assert {asked for asked in Reach if permitted(key(reach=reach), HERE, asked)} == does


def test_a_key_that_is_switched_off_does_nothing():
    assert not any(permitted(key(on=False), HERE, asked) for asked in Reach)


def test_a_listed_key_is_good_from_its_addresses_alone():
    listed = key(ips=(HERE, "192.0.2.1"))
    assert permitted(listed, HERE, Reach.READ)
    assert not permitted(listed, THERE, Reach.READ)
    assert not permitted(listed, "", Reach.READ)
    assert permitted(key(), THERE, Reach.READ)


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5))
def test_a_list_reads_as_it_is_written(addresses):
    assert list(api_keys.ips(",".join(addresses))) == list(dict.fromkeys(addresses))
    assert list(api_keys.ips(" , ".join(addresses))) == list(dict.fromkeys(addresses))


@pytest.mark.parametrize(
    "text", ["::1", "1.2.3", "1.2.3.4,", ",1.2.3.4", "1.2.3.04", "1.2.3.256", "host", "1.2.3.4/24", "１.2.3.4"]
)
def test_what_is_no_ipv4_address_is_told(text):
    with pytest.raises(Refused) as refused:
        api_keys.ips(text)
    assert refused.value.reason is Reason.IP_LIST


def test_six_addresses_are_too_many():
    with pytest.raises(Refused) as refused:
        api_keys.ips(",".join(f"192.0.2.{n}" for n in range(6)))
    assert refused.value.reason is Reason.IP_LIST_LONG


def test_a_tag_can_be_read():
    assert api_keys.tag(" 量化交易用 ") == "量化交易用"
    for text, reason in (("", Reason.KEY_TAG), ("  ", Reason.KEY_TAG), ("x" * 65, Reason.PARAMETER_INVALID)):
        with pytest.raises(Refused) as refused:
            api_keys.tag(text)
        assert refused.value.reason is reason
