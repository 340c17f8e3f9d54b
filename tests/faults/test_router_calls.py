"""Every AWS call of the router's registration fails once, before or after it took effect, or is repeated unseen.

What was answered is so; what was not is wholly done or not at all, and after a repeat the person is there, once.
"""

import pytest

from chalicelib.core import identity as rules
from chalicelib.core.identity import Form
from chalicelib.core.reasons import Refused
from chalicelib.services import identity
from chalicelib.services.identity import Entry
from chalicelib.stores import accounts, vault
from tests.faults.injection import FAULTS, Faults, injected
from tests.post import mailed_code, mails
from tests.services import world

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    vault._pepper()


def address(fault, at):
    return rules.email(f"{fault.__name__}{at}@example.com")


def entry(name):
    return Entry(name, "en", Form.PLAIN, "a long password")


def sent(name, ip):
    """The digits of a mailed code."""
    identity.send_named_code(name, ip, "en")
    return mailed_code()


@fault
def test_asking_for_a_code(monkeypatch, fault):
    """A code that was answered comes and is good; whoever got no answer asks again a minute later."""
    for at in range(100):
        name, ip = address(fault, at), f"198.51.100.{at}"
        before = len(mails())
        answered = True
        with injected(monkeypatch, Faults(at, fault)) as faults:
            try:
                identity.send_named_code(name, ip, "en")
            except Exception:  # noqa: BLE001 - whatever is not answered is open
                answered = False
        if not answered:
            with monkeypatch.context() as patch:
                world.later(patch, 61_000)
                identity.send_named_code(name, ip, "en")
        assert len(mails()) > before
        identity.sign_up(entry(name), identity.named_code(name, mailed_code()))
        assert identity.find(name) is not None
        if at >= len(faults.seen):
            break
    else:
        raise AssertionError("more calls than it can have")


@fault
def test_registering(monkeypatch, fault):
    for at in range(100):
        name = address(fault, at)
        code = sent(name, f"198.51.100.{at}")
        uid = None
        with injected(monkeypatch, Faults(at, fault)) as faults:
            try:
                uid = identity.sign_up(entry(name), identity.named_code(name, code))
            except Exception:  # noqa: BLE001 - whatever is not answered is open
                uid = None
        found = identity.find(name)
        if uid is not None:
            assert found is not None
            assert found.uid == uid
        if found is None:
            identity.sign_up(entry(name), identity.named_code(name, code))
        else:
            with pytest.raises(Refused):  # the code is used up, or the name is taken
                identity.sign_up(entry(name), identity.named_code(name, code))
        person = identity.find(name)
        assert accounts.get(person.uid) is not None
        assert Form.PLAIN in person.credentials
        if at >= len(faults.seen):
            break
    else:
        raise AssertionError("more calls than it can have")
