"""Faults at single AWS calls: each call of a scenario can fail before it took effect, or after, or be repeated unseen,
or be the moment at which something else happens."""

import threading
from contextlib import contextmanager

from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError


class Faults:
    """Counts AWS calls; at the call of number `at` (from 0) `fault` takes the call's place. `seen` lists their names."""

    def __init__(self, at=None, fault=None):
        self.at = at
        self.fault = fault
        self.seen = []
        self.lock = threading.Lock()

    def __call__(self, call, client, operation, kwargs):
        with self.lock:
            number = len(self.seen)
            self.seen.append(operation)
        if number == self.at:
            # A copy: botocore makes a stream of an S3 body in place, and would find it read when the call is repeated.
            return self.fault(lambda: call(client, operation, dict(kwargs)))
        return call(client, operation, kwargs)


def lost():
    """The error that botocore raises when no answer came, after its own repeats."""
    return ReadTimeoutError(endpoint_url="https://aws.test")


def before(_):
    """The call fails and has done nothing."""
    raise lost()


def after(call):
    """The call takes effect, but nobody hears of it."""
    call()
    raise lost()


def repeated(call):
    """botocore hears no answer and sends the same request again by itself."""
    call()
    return call()


FAULTS = {"before": before, "after": after, "repeated": repeated}


@contextmanager
def injected(monkeypatch, faults):
    """All AWS calls pass through `faults`, on top of whatever the cloud fixture put there."""
    call = BaseClient._make_api_call
    with monkeypatch.context() as patch:
        patch.setattr(
            BaseClient, "_make_api_call", lambda client, operation, kwargs: faults(call, client, operation, kwargs)
        )
        yield faults
