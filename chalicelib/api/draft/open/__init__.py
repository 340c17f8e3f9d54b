"""What the draft shows to everyone: market data, and what the exchange owes and holds. One group, one Lambda."""

from chalicelib.api.draft.open import data, market
from chalicelib.api.draft.open.routes import routes

__all__ = ["data", "market", "routes"]
