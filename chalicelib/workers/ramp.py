"""The fiat ramp's deadlines."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 minute)", name="ramp_deadlines")
def ramp_deadlines(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """End purchases that nobody paid in time; burn the coins of paid sales."""
    from chalicelib.services.ramp import deadlines

    deadlines.run()
