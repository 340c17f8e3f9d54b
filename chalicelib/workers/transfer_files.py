"""Files of succeeded transfers, for anyone to check."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(30 minutes)", name="transfer_files")
def transfer_files(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Write the files of all hours that have closed."""
    from chalicelib.services import transfer_files as service

    service.write()
