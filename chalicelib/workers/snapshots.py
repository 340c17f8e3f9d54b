"""Balance snapshots: what everyone is owed, with its proof."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 hour)", name="snapshots")
def snapshots(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Take a snapshot of all balances and publish it."""
    from chalicelib.services import snapshots as service

    service.take()
