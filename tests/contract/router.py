"""A client of the router dialect: calls a method by its name, and checks every answer against the document."""

import json
from urllib.parse import urlencode

from tests.contract.client import Client
from tests.contract.document import contract, deviations

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class RouterClient(Client):
    """Calls methods as the document has them: with GET in the query, with POST in a form."""

    method = ""

    def check(self, _route, reply):
        assert reply.status == 200, "this dialect knows no other"
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["cache-control"] == "no-store"
        assert set(reply.body) == {"status", "data", "description"}
        assert type(reply.body["status"]) is bool
        if reply.body["status"]:
            assert reply.body["description"] == ""
            found = deviations(self.method, reply.data)
            assert not found, f"{self.method} deviates from the document: {found}"
            assert not any(isinstance(value, float) for value in _scalars(reply.data))
        else:
            assert reply.body["description"].isascii()
            assert reply.data == ""

    def call(self, method, http=None, **arguments):
        """Call a method; a trailing underscore is for names that Python keeps to itself: ``pass_``."""
        self.method = method
        fields = {name.rstrip("_"): value for name, value in arguments.items()}
        if (http or contract()[method]["http"]) == "GET":
            return self.get(f"/router?{urlencode({'router': method, **fields})}")
        return self.request("POST", f"/router?router={method}", body=urlencode(fields), headers=FORM)

    def call_as(self, place, method, **arguments):
        """Call a method by POST with its arguments, and its name, in one `place`: query, form or json."""
        self.method = method
        fields = {"router": method} | {name.rstrip("_"): value for name, value in arguments.items()}
        if place == "query":
            return self.request("POST", f"/router?{urlencode(fields)}", body="")
        return self.request("POST", "/router", body=urlencode(fields) if place == "form" else json.dumps(fields))

    def done(self, method, **arguments):
        """What a method answers when all is well."""
        reply = self.call(method, **arguments)
        assert reply.body["status"], reply.body
        return reply.data

    def refused(self, method, **arguments):
        """How a method says that it is not."""
        reply = self.call(method, **arguments)
        assert not reply.body["status"], reply.body
        return reply.body["description"]


def _scalars(value):
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _scalars(one)
    else:
        yield value
