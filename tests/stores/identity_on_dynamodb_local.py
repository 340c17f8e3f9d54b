"""Ways in on AWS's own DynamoDB Local, part of `on_dynamodb_local`: people made by a code, two steps, finding a password, names
bound; each transaction won once by several at once, and its loser refused. KMS and the mail queue are played."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

from chalicelib.core.identity import Channel, Form, Purpose, email
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Refused
from chalicelib.services import identity, passwords
from chalicelib.services.identity import Entered, Entry, Origin, SentCode
from chalicelib.stores import accounts, deliveries, names, users, vault

ANN = email("ann@ways-in.example")
MOBILE = Mobile("86", "13873647282")
MD5 = "0f34ebd20c2cbc01f40ae31ab1c2f4ba"
NEW = "9b74c9897bac770ffc029102a200c5de"
HERE = Origin("203.0.113.7", "agent", "phone-1", trusting=True)
posted = []


def code(order_id):
    """The digits of the message that was queued last."""
    content = json.loads(vault.unseal(posted[-1], ""))
    return SentCode(order_id, content["values"]["code"])


def raced(call):
    """Four at once: what the one that won returned."""
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(call) for _ in range(4)]
    errors = [task.exception() for task in tasks]
    assert all(error is None or isinstance(error, Refused) for error in errors), errors
    (won,) = [task.result() for task in tasks if task.exception() is None]
    return won


def main():
    """All of it."""
    passwords.MEMORY_KIB = 8
    vault.seal = lambda secret, _uid: secret.encode()
    vault.unseal = lambda sealed, _uid, **_: bytes(sealed).decode()
    vault._pepper = lambda: b"pepper"
    deliveries.send = lambda body: posted.append(base64.b64decode(json.loads(body)["sealed"]))

    sent = code(identity.send_sign_up_code(ANN, HERE.ip, "en"))
    uid = raced(lambda: identity.sign_up(Entry(ANN, "en", secret=MD5), sent))
    assert (users.find(ANN).uid, accounts.get(uid).available) == (uid, {})

    asked = identity.log_in(ANN, Form.MD5_HEX, MD5, HERE)
    sent = code(identity.send_login_code(asked.request_id, Channel.MAIL, HERE.ip, "agent"))
    done = raced(lambda: identity.finish_login(asked.request_id, Channel.MAIL, sent, HERE))
    assert identity.check_session(done.cookie).uid == uid
    assert identity.log_in_by_device(done.device_token, HERE).user.uid == uid
    assert isinstance(identity.log_in(ANN, Form.MD5_HEX, MD5, HERE), Entered), "a known device"

    new = code(identity.send_code(MOBILE, Purpose.BIND_MOBILE, HERE.ip, "en"))
    known = code(identity.send_own_code(users.get(uid), Channel.MAIL, Purpose.BIND_MOBILE, HERE.ip))
    raced(lambda: identity.bind_name(uid, "", MOBILE, new, known))
    assert names.mobile_owner(identity.names.mobile_mac(MOBILE.full)) == uid

    sent = code(identity.send_code(ANN, Purpose.FIND_PASSWORD, HERE.ip, "en"))
    found = raced(lambda: identity.find_password(ANN, sent, HERE.ip))
    second = code(identity.send_find_code(found.request_id, HERE.ip))
    identity.check_found(found.request_id, second)
    raced(lambda: identity.set_found_password(found.request_id, Form.MD5_HEX, NEW))
    assert passwords.matches(users.get(uid).credentials["md5_hex"], NEW)
    assert [login.result for login in identity.logins(uid)].count("success") == 3
