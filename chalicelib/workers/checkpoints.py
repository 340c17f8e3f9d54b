"""The checkpointer: writes book snapshots, from which a cold matcher starts."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(5 minutes)", name="checkpoint")
def checkpoint(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Fold each market's journal into a book snapshot on S3, and archive what is older."""
    from chalicelib.services import matching

    matching.checkpoint()
    matching.archive()
