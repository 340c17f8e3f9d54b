"""The sweeper: takes up what a crash left lying."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 minute)", name="sweep")
def sweep(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Resend forgotten intents and finish effects that a matcher did not get to."""
    from chalicelib.services import matching

    matching.sweep()
    matching.repair()
