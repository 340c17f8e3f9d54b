"""People of the broker dialect, as its tests need them: registered, with codes in hand."""

from chalicelib.core.phones import Mobile
from tests.post import mailed_code, texted_code

EMAIL = "ann@coinport.com"
MOBILE = Mobile("86", "13873647282")
MD5 = "0f34ebd20c2cbc01f40ae31ab1c2f4ba"
OTHER = "9b74c9897bac770ffc029102a200c5de"


def named(name):
    """The fields of a name: an address, or a `Mobile`."""
    if isinstance(name, Mobile):
        return {"national_code": name.country, "mobile": name.number}
    return {"email": name}


def code_to(browser, name, kind):
    """A code that somebody without a session asks for: ``order_id`` and ``verify_code``."""
    channel = "1" if isinstance(name, Mobile) else "2"
    sent = browser.post("/api/common/send_verify_code", {"receiver_type": channel, "type": kind, **named(name)}).body
    return {"order_id": sent["orderId"], "verify_code": texted_code() if channel == "1" else mailed_code()}


def own_code(browser, kind, channel="2"):
    """A code that a person asks for: to the own address (2) or number (1)."""
    sent = browser.post("/api/user/send_verify_code", {"receiver_type": channel, "type": kind}).body
    return {"order_id": sent["orderId"], "verify_code": texted_code() if channel == "1" else mailed_code()}


def sign_up(browser, name=EMAIL, password=MD5, **fields):
    """Register; the reply."""
    path = "mobile_sign_up" if isinstance(name, Mobile) else "email_sign_up"
    body = {**named(name), "password1": password, "password2": password, **code_to(browser, name, "1"), **fields}
    return browser.post(f"/api/user/{path}", body)


def log_in(browser, name=EMAIL, password=MD5, **fields):
    """The first step by a password; the reply."""
    path = "mobile_authorize" if isinstance(name, Mobile) else "email_authorize"
    return browser.post(f"/api/user/{path}", {**named(name), "password": password, **fields})


def login_code(browser, request_id, channel="2"):
    """The code of a login's second step."""
    body = {"receiver_type": channel, "request_id": request_id}
    sent = browser.post("/api/user/send_verify_code/authorize_advance", body).body
    return {"order_id": sent["orderId"], "verify_code": texted_code() if channel == "1" else mailed_code()}


def log_in_twice(browser, name=EMAIL, password=MD5, **fields):
    """Both steps, the second by a code of the name's channel; the reply to the second."""
    channel = "1" if isinstance(name, Mobile) else "2"
    request_id = log_in(browser, name, password, **fields).body["requestId"]
    body = {"request_id": request_id, "auth_type": channel, **login_code(browser, request_id, channel), **fields}
    return browser.post("/api/user/authorize_advance", body)


def wrong(code):
    """Another code than this."""
    return {**code, "verify_code": f"{(int(code['verify_code']) + 1) % 10**6:06}"}
