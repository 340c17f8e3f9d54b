"""Candles: brings them up to date in S3."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 minute)", name="klines")
def klines(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Fold what each market's journal has gained into its candles."""
    from chalicelib.services import klines as service

    service.run()
