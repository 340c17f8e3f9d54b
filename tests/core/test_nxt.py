"""NXT's accounts, against the document's own example and by the properties of their check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import nxt

ACCOUNT = 5108275052447562865
WRITTEN = "NXT-2Z5K-53Q4-WKWM-6X3TF"
PUBLIC_KEY = "4eb53cf353efb667e103fe9bb332737ce52bf2a7816cb9240145078dde78e106"
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

accounts = st.integers(0, 2**64 - 1)
#: Places of letters in the text, without NXT and dashes.
places = st.sampled_from([place for place, letter in enumerate(WRITTEN) if place > 3 and letter != "-"])


def test_the_documents_account():
    assert nxt.account(bytes.fromhex(PUBLIC_KEY)) == ACCOUNT
    assert nxt.written(ACCOUNT) == WRITTEN
    assert nxt.read(WRITTEN) == ACCOUNT


@given(accounts)
def test_what_is_written_is_read_again(number):
    assert nxt.read(nxt.written(number)) == number


@given(accounts, places, st.sampled_from(ALPHABET), places, st.sampled_from(ALPHABET))
def test_one_or_two_wrong_letters_are_always_noticed(number, first, one, second, other):
    text = list(nxt.written(number))
    text[first], text[second] = one, other
    wrong = "".join(text)
    assert nxt.read(wrong) == (number if wrong == nxt.written(number) else None)


@pytest.mark.parametrize(
    "text", ["", "NXT", str(ACCOUNT), WRITTEN.lower(), WRITTEN + "\n", WRITTEN[:-1], f" {WRITTEN}"]
)
def test_anything_else_is_no_account(text):
    assert nxt.read(text) is None
