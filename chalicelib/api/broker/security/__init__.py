"""What a person sets up: an authenticator, API keys, a trade password, favourites, accounts. One group, one Lambda."""

from chalicelib.api.broker.security import accounts, authenticators, favourites, keys, trade_password
from chalicelib.api.broker.security.routes import routes

__all__ = ["accounts", "authenticators", "favourites", "keys", "routes", "trade_password"]
