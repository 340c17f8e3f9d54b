"""A client of the draft dialect: coinport's, with the draft's own table of errors and HTTP 200 where nobody is known."""

from chalicelib.api.draft.errors import SPELLINGS
from tests.contract.client import Client
from tests.contract.document import deviations

STATUSES = {spelling.code: spelling.status for spelling in SPELLINGS.values()}


class DraftClient(Client):
    """Calls the app; every answer is held against the draft before a test sees it."""

    def check(self, route, reply):
        assert reply.headers["content-type"] == "application/json"
        assert type(reply.body["code"]) is int
        assert type(reply.body["time"]) is int
        if reply.code == 0:
            assert reply.status == (302 if "location" in reply.headers else 200)
            assert set(reply.body) == {"code", "time", "data"}
            found = deviations(route, reply.data)
            assert not found, f"{route} deviates from the document: {found}"
        else:
            assert set(reply.body) == {"code", "time", "data", "message"}
            assert reply.status == STATUSES[reply.code]
            assert reply.status != 401
            assert reply.data == "" or isinstance(reply.data, dict)
            assert reply.headers["cache-control"] == "no-store"
        public = not route.split(" ")[1].startswith(("/draft/api/v2/user/", "/draft/api/v2/login"))
        assert reply.headers.get("access-control-allow-origin") in ({None, "*"} if public else {None})


def in_draft(person):
    """The same person and session, speaking this dialect."""
    return DraftClient(person.client.app, person.client.headers, person.client.ip)
