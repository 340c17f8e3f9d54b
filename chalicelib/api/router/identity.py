"""Who a person is: names (e-mail addresses), codes that prove them, passwords in plain text, sessions."""

from typing import Final

import msgspec

from chalicelib.api.edge.callers import COOKIE, Caller, cookie_cleared, cookie_set
from chalicelib.api.edge.endpoint import Answer
from chalicelib.api.edge.request import Request
from chalicelib.api.router.methods import NoArguments, method
from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, MINUTE_MS, Form
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.services.identity import Entry, Proof

#: A session ends a day after its login, whatever is done in it.
SESSION_MS: Final = DAY_MS
CODE_MS: Final = 5 * MINUTE_MS
PASSWORD_CHARACTERS_MIN: Final = 6
PASSWORD_CHARACTERS_MAX: Final = 128


class Name(msgspec.Struct, forbid_unknown_fields=True):
    """Whose name."""

    user: str


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """A name, a password to it, and the code that went to it."""

    user: str
    password: str = msgspec.field(name="pass")
    valid_code: str


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """A name and its password."""

    user: str
    password: str = msgspec.field(name="pass")


@method(Name)
def check_exist_name(request: Request, arguments: Name) -> object:
    """Whether somebody active has a name: success says yes. The one place that tells, and not often to one address."""
    if not identity.is_active(rules.email(arguments.user), request.ip):
        raise Refused(Reason.NO_SUCH_USER, "user")
    return ""


@method(Name, changing=True)
def make_valid_code(request: Request, arguments: Name) -> object:
    """Mail a code that lets a name register, good for five minutes. Whose name is taken gets a notice; the answer is the same."""
    identity.send_named_code(rules.email(arguments.user), request.ip, request.language, CODE_MS)
    return ""


@method(Registration, changing=True)
def regeist_user(request: Request, arguments: Registration) -> object:
    """Make an account for a name that its code has proved. The document's spelling of this method is its name."""
    address = rules.email(arguments.user)
    if not PASSWORD_CHARACTERS_MIN <= len(arguments.password) <= PASSWORD_CHARACTERS_MAX:
        raise Refused(Reason.PASSWORD_FORMAT, "pass")
    entry = Entry(address, request.language, Form.PLAIN, arguments.password)
    identity.sign_up(entry, identity.named_code(address, arguments.valid_code))
    return ""


@method(Credentials, changing=True)
def login(request: Request, arguments: Credentials) -> object:
    """Begin a session. A wrong name and a wrong password are answered alike."""
    address = rules.email(arguments.user)
    proof = Proof(address.typed, Form.PLAIN, arguments.password, request.ip, request.user_agent)
    user = identity.check_password(proof, rehash=True)
    cookie = identity.begin_session(user, request.ip, request.user_agent, life_ms=SESSION_MS, slides=False)
    return Answer("", cookies=[cookie_set(cookie, SESSION_MS // 1000)])


@method(authenticated=True, changing=True)
def logout(request: Request, _none: NoArguments, _caller: Caller) -> object:
    """End the session."""
    identity.end_session(request.cookies.get(COOKIE, ""))
    return Answer("", cookies=[cookie_cleared()])
