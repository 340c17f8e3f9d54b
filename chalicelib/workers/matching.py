"""One matcher per market: `match_btc_cny` and its siblings, each fed by its market's queue."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import settings

#: The most that a FIFO event source hands over at once.
BATCH_MESSAGES_MAX = 10

routes = Blueprint(__name__)


def function_name(market: str) -> str:
    """The name of a market's matcher: ``match_btc_cny``."""
    return "match_" + market.lower().replace("-", "_")


def _matcher(market: str) -> Any:  # noqa: ANN401 - Chalice's handler object, which has no public type
    """The handler of `market`. Named before it is decorated: Chalice derives the handler's text from the name."""

    def match(event: Any) -> None:  # noqa: ANN401 - chalice.app.SQSEvent
        from chalicelib.services import matching

        matching.run(market, [record.body for record in event])

    match.__name__ = match.__qualname__ = name = function_name(market)
    return routes.on_sqs_message(queue=settings.queue(market), batch_size=BATCH_MESSAGES_MAX, name=name)(match)


for _market in settings.exchange().markets:
    globals()[function_name(_market)] = _matcher(_market)
