"""The auditor: checks the ledger by the hour."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.schedule("rate(1 hour)", name="audit")
def audit(event: Any) -> None:  # noqa: ANN401, ARG001 - chalice.app.CloudWatchEvent; the hour does not matter
    """Check all invariants; an alarm watches the count of violations."""
    from chalicelib.services import audit as audits

    audits.watch()
