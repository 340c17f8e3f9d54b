"""Tickers of other exchanges."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 minute)", name="external_tickers")
def external_tickers(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Ask other exchanges what bitcoins cost there."""
    from chalicelib.services import external

    external.refresh()
