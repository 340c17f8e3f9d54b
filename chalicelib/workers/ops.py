"""The operators' Lambda: no route leads to it, IAM decides who may invoke it (see infra/ops.py)."""

from typing import Any

from chalice.app import Blueprint

routes = Blueprint(__name__)


@routes.lambda_function(name="ops")
def ops(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401, ARG001 - JSON in and out; Lambda's context
    """Run one operator's verb: ``{"verb": "credit", …}``; the answer is its result or ``{"error": …}``."""
    from chalicelib.services import operations

    return operations.run(event)
