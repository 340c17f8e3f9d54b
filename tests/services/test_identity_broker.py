"""What broker clients add to identity, over moto: authenticators bound by two codes, trade passwords, accounts for futures."""

import base64
from io import BytesIO

import pyotp
import pytest
import segno
from PIL import Image

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import Channel, Purpose
from chalicelib.core.reasons import Reason
from chalicelib.services import identity
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import SentCode
from chalicelib.stores import users
from tests.faults.test_security_calls import code_of, used
from tests.planted import plant
from tests.services.test_identity import activated, at_once, refusal, world  # noqa: F401 - `world` is a fixture
from tests.services.test_identity_security import bound, reasons, totp

GOOD, BETTER = "trade-1", "trade-2"

pytestmark = pytest.mark.usefixtures("world")


def mailed(uid, purpose):
    return code_of(Receiver(Channel.MAIL, users.get(uid).email, uid), purpose)


def texted(uid, purpose):
    return code_of(Receiver(Channel.SMS, identity.mobile_of(users.get(uid)), uid), purpose)


class TestQrCode:
    @pytest.mark.parametrize("account", ["1000000001", "p****n@bhex.io", "x" * 250])
    def test_is_a_picture_of_200_pixels_that_holds_the_text(self, account):
        text = f"otpauth://totp/COINPORT:{account}?secret={'A' * 32}&issuer=COINPORT"
        picture = identity.qr_code(text)
        assert picture.startswith("iVBORw0KGgo"), "as in the document, without a data: prefix"
        image = Image.open(BytesIO(base64.b64decode(picture)))
        assert (image.format, image.size) == ("PNG", (200, 200))
        rows = list(segno.make(text, error="m", boost_error=False, micro=False).matrix)
        scale = 200 // (len(rows) + 8)
        assert scale >= 2, "a telephone has to read it"
        start = (200 - scale * (len(rows) + 8)) // 2 + 4 * scale
        dark = [
            [
                not image.getpixel((start + x * scale + scale // 2, start + y * scale + scale // 2))
                for x in range(len(rows))
            ]
            for y in range(len(rows))
        ]
        assert dark == [[bool(module) for module in row] for row in rows]
        border = [image.getpixel((at, edge)) for at in range(200) for edge in range(start)]
        assert all(border), "the quiet zone is quiet"


class TestBindAuthenticator:
    def test_by_a_code_of_the_app_and_one_that_was_sent(self):
        uid = activated()
        issued = identity.issue_totp(uid, "p****n@bhex.io", "COINPORT")
        assert issued.url == f"otpauth://totp/COINPORT:p****n@bhex.io?secret={issued.secret}&issuer=COINPORT"
        sent = mailed(uid, Purpose.BIND_TOTP)
        identity.bind_pending_totp(uid, totp(plant(issued.secret)), sent)
        assert users.get(uid).totp_enabled
        assert used(sent)
        assert not identity.withdrawals_frozen(users.get(uid)), "a factor more is no change of one"

    def test_the_code_may_have_come_by_either_channel_and_no_other_purpose(self):
        uid = activated()
        bound(uid)
        secret = plant(identity.issue_totp(uid).secret)
        for wrong in (mailed(uid, Purpose.VERIFICATION), texted(uid, Purpose.BIND_MOBILE)):
            assert refusal(identity.bind_pending_totp, uid, totp(secret), wrong).reason is Reason.EMAIL_CODE
        identity.bind_pending_totp(uid, totp(secret), texted(uid, Purpose.BIND_TOTP))
        assert users.get(uid).totp_enabled

    def test_a_wrong_code_of_the_app_leaves_the_other_as_it_was(self):
        uid = activated()
        secret = plant(identity.issue_totp(uid).secret)
        sent = mailed(uid, Purpose.BIND_TOTP)
        wrong = f"{(int(totp(secret)) + 1) % 10**6:06}"
        near = {totp(secret, steps) for steps in (-1, 0, 1)}
        if wrong not in near:
            assert refusal(identity.bind_pending_totp, uid, wrong, sent).reason is Reason.TOTP_CODE
        assert not used(sent)
        identity.bind_pending_totp(uid, totp(secret), sent)

    def test_one_that_races_is_bound_once(self):
        uid = activated()
        secret = plant(identity.issue_totp(uid).secret)
        sent, code = mailed(uid, Purpose.BIND_TOTP), totp(secret)
        results = reasons(at_once(*[lambda: identity.bind_pending_totp(uid, code, sent)] * 4))
        assert results[None] == 1
        assert set(results) <= {None, Reason.TOTP_BOUND, Reason.EMAIL_CODE}

    def test_nothing_issued_expired_or_bound_is_told(self, world):  # noqa: F811
        uid = activated()
        assert refusal(identity.bind_pending_totp, uid, "000000", SentCode("", "")).reason is Reason.TOTP_SECRET
        secret = plant(identity.issue_totp(uid).secret)
        world.now += rules.TOTP_PENDING_MS
        sent = mailed(uid, Purpose.BIND_TOTP)
        assert refusal(identity.bind_pending_totp, uid, totp(secret), sent).reason is Reason.TOTP_SECRET
        secret = plant(identity.issue_totp(uid).secret)
        identity.bind_pending_totp(uid, pyotp.TOTP(secret).at(clock.now_ms() // 1000), sent)
        assert refusal(identity.bind_pending_totp, uid, totp(secret), sent).reason is Reason.TOTP_BOUND
        assert refusal(identity.issue_totp, uid).reason is Reason.TOTP_BOUND


def set_by_mail(uid, secret, *, modify, old=None):
    purpose = Purpose.MODIFY_TRADE_PASSWORD if modify else Purpose.SET_TRADE_PASSWORD
    identity.set_trade_password(uid, "", secret, mailed(uid, purpose), modify=modify, old=old)


class TestTradePassword:
    def test_is_set_once_then_modified_and_each_time_freezes_withdrawals(self):
        uid = activated()
        assert refusal(lambda: set_by_mail(uid, GOOD, modify=True)).reason is Reason.TRADE_PASSWORD_UNSET
        set_by_mail(uid, GOOD, modify=False)
        assert identity.withdrawals_frozen(users.get(uid))
        identity.check_trade_password(users.get(uid), GOOD)
        assert refusal(lambda: set_by_mail(uid, BETTER, modify=False)).reason is Reason.TRADE_PASSWORD_SET
        set_by_mail(uid, BETTER, modify=True)
        identity.check_trade_password(users.get(uid), BETTER)
        assert users.get(uid).auth_epoch == 3, "the other sessions end"
        assert GOOD not in str(users.get(uid).trade_password)

    def test_without_a_word_of_which_it_is_what_there_is_to_do(self):
        uid = activated()
        for secret, purpose in ((GOOD, Purpose.SET_TRADE_PASSWORD), (BETTER, Purpose.MODIFY_TRADE_PASSWORD)):
            identity.set_trade_password(uid, "", secret, mailed(uid, purpose), modify=None)
            identity.check_trade_password(users.get(uid), secret)

    @pytest.mark.parametrize("secret", ["", "12345", "x" * 21, "12345\n"])
    def test_has_6_to_20_characters(self, secret):
        uid = activated()
        assert refusal(lambda: set_by_mail(uid, secret, modify=False)).reason is Reason.TRADE_PASSWORD_FORMAT

    def test_one_code_sets_one(self):
        uid = activated()
        sent = mailed(uid, Purpose.SET_TRADE_PASSWORD)
        results = reasons(at_once(*[lambda: identity.set_trade_password(uid, "", GOOD, sent, modify=False)] * 3))
        assert results[None] == 1
        assert set(results) <= {None, Reason.EMAIL_CODE, Reason.TRADE_PASSWORD_SET}
        assert users.get(uid).auth_epoch == 2

    def test_five_wrong_ones_lock_for_two_hours(self, world):  # noqa: F811
        uid = activated()
        assert refusal(identity.check_trade_password, users.get(uid), GOOD).reason is Reason.TRADE_PASSWORD_UNSET
        set_by_mail(uid, GOOD, modify=False)
        for failures in range(1, 6):
            refused = refusal(identity.check_trade_password, users.get(uid), BETTER)
            assert (refused.reason, refused.data) == (Reason.TRADE_PASSWORD_WRONG, {"failures": failures})
        for secret in (BETTER, GOOD):
            refused = refusal(lambda secret=secret: set_by_mail(uid, BETTER, modify=True, old=secret))
            assert refused.reason is Reason.TRADE_PASSWORD_LOCKED
        world.now += rules.LOGIN_LOCK_MS
        set_by_mail(uid, BETTER, modify=True, old=GOOD)
        identity.check_trade_password(users.get(uid), BETTER)


def test_accounts_for_futures_are_opened_once():
    uid = activated()
    assert not identity.has_futures(users.get(uid))
    at_once(*[lambda: identity.open_account(uid, "open_future")] * 3)
    assert users.get(uid).open_future
    assert identity.has_futures(users.get(uid))
    version = users.get(uid).version
    identity.open_account(uid, "open_future")
    assert users.get(uid).version == version, "nothing is written"
    identity.open_account(uid, "open_contract")
    assert users.get(uid).open_contract
