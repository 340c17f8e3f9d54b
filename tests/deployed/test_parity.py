"""People of every dialect trade in one market of the deployed package: each group's Lambda in its own role."""

import boto3
import pytest

from app import app
from infra import local
from tests.parity import scenarios
from tests.parity.exchanges import Deployed
from tests.parity.people import SPEAKERS

pytestmark = pytest.mark.deployed


def test_people_one_per_dialect_trade_in_one_market(exchange, operator):
    with local._environment(local.credentials(exchange.endpoint)):
        there = Deployed(exchange, operator, boto3.client("dynamodb"), app.routes)
    scenarios.everybody_trades_with_everybody(there, [kind(there) for kind in SPEAKERS.values()])
