"""People of this dialect: sending (codes), signing_up, sessions (who one is, leaving, the log). One group, one Lambda."""

from chalicelib.api.broker.account import sending, sessions, signing_up
from chalicelib.api.broker.account.routes import routes

__all__ = ["routes", "sending", "sessions", "signing_up"]
