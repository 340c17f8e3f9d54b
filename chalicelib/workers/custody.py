"""Custody: follows block chains."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 minute)", name="custody")
def custody(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """See and confirm deposits, pay withdrawals and follow them."""
    from chalicelib.services import custody as service

    service.run()
