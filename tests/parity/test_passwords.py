"""One person, one password, every dialect: who registered in one logs in in another wherever the two forms allow it."""

import pytest

from tests.parity.people import FORMS, PASSWORD, SPEAKERS


@pytest.mark.parametrize("enters", FORMS)
@pytest.mark.parametrize("registered", FORMS)
def test_who_registered_in_one_dialect_logs_in_in_another(here, registered, enters):
    """Plain text leads to every form, a digest to itself alone; and once the plain text was seen, all of them are known."""
    person = SPEAKERS[registered](here)
    person.register()
    known = PASSWORD in {FORMS[registered], FORMS[enters]} or FORMS[registered] == FORMS[enters]
    assert SPEAKERS[enters](here).lets_in(person.address) is known
    assert SPEAKERS["router"](here).lets_in(person.address)
    assert SPEAKERS[enters](here).lets_in(person.address)


@pytest.mark.parametrize("dialect", FORMS)
def test_nobody_is_let_in_with_anothers_password(here, dialect):
    person = SPEAKERS[dialect](here)
    person.register()
    assert SPEAKERS[dialect](here).lets_in(f"not-{person.address}") is False
