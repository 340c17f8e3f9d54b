"""People of this dialect: sending (codes), signing_up, logging_in, sessions (who one is, leaving, the log), recovery
(passwords), binding (numbers and addresses). One group, one Lambda."""

from chalicelib.api.broker.account import binding, logging_in, recovery, sending, sessions, signing_up
from chalicelib.api.broker.account.routes import routes

__all__ = ["binding", "logging_in", "recovery", "routes", "sending", "sessions", "signing_up"]
