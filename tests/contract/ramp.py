"""A partner's client: it signs as the document says, and every answer is checked before a test sees it."""

import json
from collections import defaultdict

from chalicelib.api.ramp.errors import SPELLINGS
from tests.contract.client import Client
from tests.contract.document import deviations
from tests.services.ramp_world import as_signed, headers

STATUSES = defaultdict(set)
for spelling in SPELLINGS.values():
    STATUSES[spelling.code].add(spelling.status)


def check(route, reply):
    """What holds for every answer of this dialect, and for a successful one of this route."""
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert set(reply.body) == {"code", "data", "description"}
    assert isinstance(reply.body["description"], str)
    if reply.code == "000000":
        assert reply.status == 200
        assert not deviations(route, reply.data), f"{route} deviates from the document"
    else:
        assert reply.status in STATUSES[reply.code]
        assert isinstance(reply.data, dict)


class PartnerClient(Client):
    """A client that signs with a partner's key."""

    check = staticmethod(check)

    def __init__(self, app, api_key="", secret=""):
        super().__init__(app)
        self.api_key = api_key
        self.secret = secret

    def ask(self, url, **more):
        """A signed GET."""
        return self.request("GET", url, headers={**headers(self.api_key, self.secret), **more})

    def push(self, url, body, timestamp=None, **more):
        """A signed POST; `body`: plain values, or the text to send as it is."""
        text = body if isinstance(body, str) else json.dumps(body)
        signed = headers(self.api_key, self.secret, as_signed(text), timestamp)
        return self.request("POST", url, body=text, headers={**signed, **more})
