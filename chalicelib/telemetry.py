"""Logs and metrics, structured and without secrets. Powertools is imported when the first line is written: most requests
of a market reader write none, and a cold start should not pay for it."""

import json
import sys
from functools import cache
from typing import Any

from chalicelib import clock, settings


@cache
def logger() -> Any:  # noqa: ANN401 - Powertools' Logger, imported late
    """The one logger."""
    from aws_lambda_powertools import Logger

    return Logger(service=settings.ENDPOINT_GROUP or "worker")


def count(name: str, value: int = 1, **dimensions: str) -> None:
    """Add to a metric, as a CloudWatch embedded-metric log line: no call, no client."""
    if value:
        _emit(name, value, dimensions)


def alarm(name: str, error: BaseException, **details: object) -> None:
    """Something that must not happen did: an error with its traceback in the log and a metric that an alarm watches."""
    logger().error(
        name, exc_info=error, **{f"_{key}" if key in _RESERVED else key: value for key, value in details.items()}
    )
    _emit(name, 1, {})


#: Names that the standard library's log records use themselves.
_RESERVED = frozenset({"name", "msg", "args", "message", "module"})


def _emit(name: str, value: int, dimensions: dict[str, str]) -> None:
    """One line of CloudWatch's embedded metric format. The total too, without dimensions: an alarm sees only exactly what
    it names. Written by hand, for Powertools' metrics cannot do both and take 40 ms to import."""
    line = {
        "_aws": {
            "Timestamp": clock.now_ms(),
            "CloudWatchMetrics": [
                {
                    "Namespace": settings.STACK,
                    "Dimensions": [[], list(dimensions)] if dimensions else [[]],
                    "Metrics": [{"Name": name, "Unit": "Count"}],
                }
            ],
        },
        name: value,
        **dimensions,
    }
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
