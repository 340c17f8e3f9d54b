"""The whole app over moto, as the contract tests have it; and people who each speak one dialect."""

import pytest

from tests.contract.conftest import app, exchange
from tests.parity.exchanges import InProcess
from tests.parity.people import SPEAKERS

__all__ = ["app", "exchange"]


@pytest.fixture
def here(exchange):
    """The exchange as people come to it."""
    return InProcess(exchange)


@pytest.fixture(params=SPEAKERS)
def person(request, here):
    """Somebody who speaks each of the dialects in turn."""
    return SPEAKERS[request.param](here)
