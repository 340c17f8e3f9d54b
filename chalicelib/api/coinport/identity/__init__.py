"""Who people are: access (registration, login, API tokens), security (codes, passwords, second factors), papers (real name,
bank cards). One group, one Lambda."""

from chalicelib.api.coinport.identity import access, papers, security
from chalicelib.api.coinport.identity.routes import routes

__all__ = ["access", "papers", "routes", "security"]
