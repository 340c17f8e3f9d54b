"""Operators and other applications: register one that may ask people to log in for it."""

from typing import Any

from chalicelib.services import oauth
from chalicelib.services.operations.arguments import Payload, Verb, text


def oauth_client(payload: Payload) -> dict[str, Any]:
    """Register an application: name (people are shown it), redirect_uri (its host). The secret is answered this once."""
    made = oauth.register(text(payload, "name"), text(payload, "redirect_uri"))
    return {"client_id": made.client.id, "client_secret": made.secret}


VERBS: dict[str, Verb] = {"oauth-client": (oauth_client, frozenset({"name", "redirect_uri"}))}
