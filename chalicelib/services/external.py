"""Tickers of other exchanges: fetched by a schedule, shown while they are fresh."""

from collections.abc import Sequence

from chalicelib import clock, settings, telemetry
from chalicelib.core.candles import Ticker
from chalicelib.core.external import Source, Unreadable, read
from chalicelib.stores import aws, external
from chalicelib.stores.external import External

#: How long a source's last answer is shown when it gives no other.
KEPT_MS = 10 * 60_000


def refresh(sources: Sequence[Source] | None = None) -> dict[str, bool]:
    """Ask every source, side by side. Gives back which answered; what the others last said stays."""
    asked = settings.external_sources() if sources is None else sources
    return dict(zip([source.name for source in asked], aws.in_parallel(_refresh, asked), strict=True)) if asked else {}


def tickers() -> dict[str, dict[str, Ticker]]:
    """market → source → what it last said, if that is not too old; in the order of the configuration."""
    now = clock.now_ms()
    said = {one.source: one for one in external.get_all() if now - one.at < KEPT_MS}
    found: dict[str, dict[str, Ticker]] = {}
    for source in settings.external_sources():
        if source.name in said:
            found.setdefault(source.market, {})[source.name] = said[source.name].ticker
    return found


def _refresh(source: Source) -> bool:
    try:
        ticker = read(source, external.fetch(source.url))
    except (OSError, Unreadable) as error:
        telemetry.logger().warning("external ticker", extra={"source": source.name, "error": repr(error)})
        telemetry.count("ExternalTickerFailed", source=source.name)
        return False
    external.put(External(source.name, source.market, ticker, clock.now_ms()))
    return True
