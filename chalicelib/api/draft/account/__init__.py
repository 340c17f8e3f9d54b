"""What belongs to a person, in the draft: registration and login, orders and trades, deposits and withdrawals. One group, one
Lambda."""

from chalicelib.api.draft.account import access, trading, wallet
from chalicelib.api.draft.account.routes import routes

__all__ = ["access", "routes", "trading", "wallet"]
