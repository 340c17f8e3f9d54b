"""One scenario through every dialect leaves the same ledger; people, one per dialect, trade in one market."""

import pytest

from tests.parity import scenarios
from tests.parity.people import BORROWED, FEES, SPEAKERS, VERBS


def test_from_registration_to_withdrawal(here, person):
    scenarios.from_registration_to_withdrawal(here, person)


def test_people_one_per_dialect_trade_in_one_market(here):
    scenarios.everybody_trades_with_everybody(here, [kind(here) for kind in SPEAKERS.values()])


@pytest.mark.parametrize("dialect", SPEAKERS)
def test_what_is_borrowed_is_what_is_listed(dialect):
    """The list cannot lie: what a dialect's person does in a way of its own is not borrowed, and the other way round."""
    own = set(VERBS) & set(vars(SPEAKERS[dialect]))
    assert own == set(VERBS) - set(BORROWED[dialect])
    assert set(FEES) <= set(SPEAKERS)
