"""Security over moto: races for one code, work that tells nothing, forms of passwords, factors of a withdrawal, the log."""

from collections import Counter

import pyotp
import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.api_keys import Reach
from chalicelib.core.bank_cards import card
from chalicelib.core.identity import DAY_MS, HOUR_MS, MINUTE_MS, Channel, Form, Purpose
from chalicelib.core.reasons import Reason
from chalicelib.services import identity, passwords
from chalicelib.services.delivery import NOBODY, Receiver
from chalicelib.services.identity import Given, Proof, SecondFactor, SentCode
from chalicelib.stores import codes, names, users
from chalicelib.stores.users import Amendment, Outcome
from tests.planted import plant
from tests.post import deliver, mailed_code, mailed_token, mails, texted_code, texts
from tests.services.test_identity import (  # noqa: F401 - `world` is a fixture
    EMAIL,
    INVITATION,
    RIGHT,
    WRONG,
    activated,
    at_once,
    disturbed,
    proof,
    refusal,
    registered,
    sent_twice,
    world,
)

IP = "203.0.113.7"
PHONE, OTHER_PHONE = "+8613873647282", "+85291234567"
NOWHERE = "00000000-0000-0000-0000-000000000000"


def reasons(results):
    """How often each outcome came; None is success."""
    return Counter(getattr(result, "reason", None) for result in results)


def mail_code(uid):
    return SentCode(identity.send_verification(uid, [Channel.MAIL], IP)[Channel.MAIL], mailed_code())


def phone_code(uid):
    return SentCode(identity.send_verification(uid, [Channel.SMS], IP)[Channel.SMS], texted_code())


def bind_code(uid, phone=PHONE):
    return SentCode(identity.send_bind_code(uid, phone, IP), texted_code())


def bound(uid, phone=PHONE):
    identity.bind_mobile(uid, "", phone, bind_code(uid, phone), None)


def totp(secret, steps=0):
    return pyotp.TOTP(secret).at(clock.now_ms() // 1000 + 30 * steps)


def totp_bound(uid):
    secret = plant(identity.issue_totp(uid).secret)
    identity.bind_totp(uid, secret, totp(secret, -1))
    return secret


def reset_token(address=EMAIL):
    identity.request_reset(address, IP, INVITATION)
    return mailed_token()


class TestRaces:
    """Of several requests with one code at the same moment one succeeds."""

    def test_for_a_code(self):
        uid = activated()
        code = mail_code(uid)
        results = at_once(*[lambda: identity.set_channel_auth(uid, Channel.MAIL, code, on=False)] * 4)
        assert reasons(results) == {None: 1, Reason.EMAIL_CODE: 3}

    def test_for_a_code_between_different_operations(self):
        uid = activated()
        code = mail_code(uid)
        results = at_once(
            lambda: identity.set_channel_auth(uid, Channel.MAIL, code, on=False),
            lambda: identity.add_card(uid, card("招商银行", "吴三", "2934723894572398749", ""), code),
        )
        assert reasons(results) == {None: 1, Reason.EMAIL_CODE: 1}
        assert (users.get(uid).email_auth, len(identity.list_cards(uid))) in {(False, 0), (True, 1)}

    def test_guesses_at_a_code_are_five_however_many_race(self, world):  # noqa: F811
        uid = activated()
        code = mail_code(uid)
        guesses = [f"{(int(code.code) + n) % 10**6:06}" for n in range(1, 13)]
        calls = [
            lambda guess=guess: identity.set_channel_auth(uid, Channel.MAIL, SentCode(code.id, guess), on=False)
            for guess in guesses
        ]
        assert reasons(at_once(*calls)) == {Reason.EMAIL_CODE: 12}
        assert codes.CodeRow.get(f"code:{code.id}").attempts == rules.CODE_ATTEMPTS_MAX

    def test_for_a_reset_token(self):
        activated()
        token = reset_token()
        results = at_once(*[lambda: identity.reset_password(token, Form.SHA256_BASE64, WRONG)] * 4)
        assert reasons(results) == {None: 1, Reason.TOKEN_EXPIRED: 3}
        assert users.find(EMAIL).auth_epoch == 2

    def test_for_a_step_of_an_authenticator(self):
        uid = activated()
        secret = totp_bound(uid)
        code = totp(secret)
        results = at_once(*[lambda: identity.unbind_totp(uid, "", code)] * 4)
        counted = reasons(results)
        assert counted[None] == 1
        assert set(counted) <= {None, Reason.TOTP_UNBOUND, Reason.TOTP_CODE}

    def test_for_a_number(self):
        ann, bob = activated(), activated(rules.email("bob@coinport.com"))
        first = bind_code(ann)
        clock_now = clock.now_ms()
        second_id = NOWHERE.replace("0", "1")
        mac_of = identity.codes._mac
        codes.keep_code(
            second_id, bob, mac_of(second_id, Purpose.BIND_MOBILE, Receiver(Channel.SMS, PHONE, bob), "123456"),
            clock_now + rules.CODE_MS,
        )  # fmt: skip
        results = at_once(
            lambda: identity.bind_mobile(ann, "", PHONE, first, None),
            lambda: identity.bind_mobile(bob, "", PHONE, SentCode(second_id, "123456"), None),
        )
        assert reasons(results) == {None: 1, Reason.ALREADY_REGISTERED: 1}

    def test_for_a_document(self):
        ann, bob = activated(), activated(rules.email("bob@coinport.com"))
        claim = ("吴小野", identity.real_name.Location.CHINA, identity.real_name.Paper.ID_CARD, "11010519491231002X")
        results = at_once(*[lambda uid=uid: identity.hand_in(uid, *claim) for uid in (ann, bob)])
        assert reasons(results) == {None: 1, Reason.ID_IN_USE: 1}

    def test_two_changes_of_one_person_at_once_both_come_to_pass(self):
        uid = activated()
        code = mail_code(uid)
        results = at_once(
            lambda: identity.rename(uid, "ann"), lambda: identity.set_channel_auth(uid, Channel.MAIL, code, on=False)
        )
        assert reasons(results) == {None: 2}
        user = users.get(uid)
        assert (user.nickname, user.email_auth) == ("ann", False)


class TestMeanwhile:
    """Something else happens between what was checked and what is written."""

    def between(self, monkeypatch, place, happening):
        """`happening` once, after the function at `place` returned for the first time."""
        module, _, name = place.rpartition(".")
        function, pending = getattr(getattr(identity, module), name), [happening]

        def then(*arguments, **named):
            result = function(*arguments, **named)
            if pending:
                pending.pop()()
            return result

        monkeypatch.setattr(f"chalicelib.services.identity.{place}", then)

    def test_the_password_was_reset(self, monkeypatch):
        uid = activated()
        token = reset_token()
        self.between(
            monkeypatch, "recovery.check_password", lambda: identity.reset_password(token, Form.SHA256_BASE64, "NEW")
        )
        refused = refusal(identity.change_password, uid, "", proof(), WRONG)
        assert refused.reason is Reason.UNAUTHENTICATED
        assert passwords.matches(users.get(uid).credentials["sha256_base64"], "NEW")

    def test_the_password_was_changed_while_a_link_was_on_its_way(self):
        uid = activated()
        token = reset_token()
        identity.change_password(uid, "", proof(), WRONG)
        assert refusal(identity.reset_password, token, Form.SHA256_BASE64, "NEW").reason is Reason.TOKEN_EXPIRED
        assert passwords.matches(users.get(uid).credentials["sha256_base64"], WRONG)

    def test_the_password_was_changed_while_a_link_was_used(self, monkeypatch):
        uid = activated()
        token = reset_token()
        self.between(monkeypatch, "recovery.verify_reset", lambda: identity.change_password(uid, "", proof(), WRONG))
        assert refusal(identity.reset_password, token, Form.SHA256_BASE64, "NEW").reason is Reason.TOKEN_EXPIRED
        assert passwords.matches(users.get(uid).credentials["sha256_base64"], WRONG)

    def test_another_number_was_bound(self, monkeypatch, world):  # noqa: F811
        uid = activated()
        late = bind_code(uid)
        other = bind_code(uid, OTHER_PHONE)
        self.between(monkeypatch, "binding.check_code", lambda: identity.bind_mobile(uid, "", OTHER_PHONE, other, None))
        assert refusal(identity.bind_mobile, uid, "", PHONE, late, None).reason is Reason.SMS_CODE
        assert identity.mobile_of(users.get(uid)) == OTHER_PHONE

    @pytest.mark.parametrize("versions", [True, False], ids=["amended before", "never amended"])
    def test_the_step_of_an_authenticator_let_money_leave(self, monkeypatch, versions):
        uid = activated()
        secret = totp_bound(uid)
        users.UserRow(uid).update(actions=[users.UserRow.email_auth.set(False)])
        if not versions:
            users.UserRow(uid).update(actions=[users.UserRow.version.remove()])
        code = totp(secret)

        def leaves():
            proven = identity.prove(uid, Given(totp=code))
            with TransactWrite(connection=users.UserRow._get_connection().connection) as transaction:
                proven.steps("withdrawal", clock.now_ms())[0](transaction)

        amend = users.amend

        def late(*arguments):
            monkeypatch.setattr(users, "amend", amend)
            leaves()
            return amend(*arguments)

        monkeypatch.setattr(users, "amend", late)
        factor = SecondFactor(None, SentCode("", code))
        assert refusal(identity.create_key, uid, Reach.TRADE, "bot", factor).reason is Reason.TOTP_CODE
        assert not users.get(uid).trading_keys


class TestAmend:
    def test_a_lost_answer_is_no_second_change(self, monkeypatch):
        uid = activated()
        code = mail_code(uid)
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        identity.set_channel_auth(uid, Channel.MAIL, code, on=False)
        assert users.get(uid).email_auth is False

    def test_what_was_seen_must_still_stand(self):
        uid = activated()
        seen = users.get(uid)
        assert users.amend(seen, Amendment({"nickname": "a"}), "use-1", clock.now_ms()) is Outcome.DONE
        assert users.amend(seen, Amendment({"nickname": "b"}), "use-2", clock.now_ms()) is Outcome.MOVED
        assert users.amend(seen, Amendment({"nickname": "a"}), "use-1", clock.now_ms()) is Outcome.DONE
        assert users.get(uid).nickname == "a"

    def test_what_never_stands_still_is_given_up(self, monkeypatch):
        uid = activated()
        monkeypatch.setattr(users, "amend", lambda *_: Outcome.MOVED)
        assert refusal(identity.rename, uid, "ann").reason is Reason.TOO_OFTEN

    def test_nobody_is_not_amended(self):
        assert refusal(identity.rename, "1000000009", "ann").reason is Reason.NO_SUCH_USER


def conflict(_call):
    """Another transaction has the item at this moment."""
    raise ClientError({"Error": {"Code": "TransactionConflictException", "Message": ""}}, "UpdateItem")


class TestConflicts:
    """A write that meets another request's transaction."""

    def test_an_attempt_is_made_again(self, monkeypatch):
        uid = activated()
        code = mail_code(uid)
        disturbed(monkeypatch, "UpdateItem", conflict)
        identity.set_channel_auth(uid, Channel.MAIL, code, on=False)
        assert users.get(uid).email_auth is False

    def test_a_session_slides_another_time(self, monkeypatch, world):  # noqa: F811
        uid = activated()
        cookie = identity.begin_session(users.get(uid), IP, "agent")
        world.now += 2 * MINUTE_MS
        disturbed(monkeypatch, "UpdateItem", conflict)
        assert identity.check_session(cookie).uid == uid

    def test_a_logout_is_made_again(self, monkeypatch):
        uid = activated()
        cookie = identity.begin_session(users.get(uid), IP, "agent")
        disturbed(monkeypatch, "DeleteItem", conflict)
        identity.end_session(cookie)
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_a_transaction_is_made_again(self, monkeypatch):
        def cancelled(_call):
            reasons = [{"Code": "TransactionConflict"}]
            error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")

        uid = activated()
        disturbed(monkeypatch, "TransactWriteItems", cancelled)
        identity.rename(uid, "ann")
        assert users.get(uid).nickname == "ann"


class TestWork:
    """What is asked for somebody and for nobody costs the same calls and the same argon2."""

    def work(self, world, call, *arguments):  # noqa: F811
        world.calls.clear()
        world.argon2_runs = 0
        try:
            answer = call(*arguments)
        except Exception as error:  # noqa: BLE001 - the answer is compared
            answer = (type(error), getattr(error, "reason", None), getattr(error, "data", None))
        return answer, list(world.calls), world.argon2_runs

    def test_of_a_reset(self, world):  # noqa: F811
        activated()
        registered(rules.email("pending@coinport.com"))
        work = [
            self.work(world, identity.request_reset, rules.email(f"{name}@coinport.com"), IP, INVITATION)
            for name in ("nobody", "example", "pending")
        ]
        assert work[0] == work[1] == work[2]
        assert len(work[0][1]) > 3
        count = len(mails())
        world.now += MINUTE_MS
        work = [
            self.work(world, identity.request_reset, rules.email(f"{name}@coinport.com"), IP, INVITATION)
            for name in ("nobody", "example")
        ]
        assert work[0] == work[1]
        assert len(mails()) == count + 1

    def test_of_a_refused_reset(self, world):  # noqa: F811
        activated()
        for address in (EMAIL, rules.email("nobody@coinport.com")):
            identity.request_reset(address, IP, INVITATION)
        work = [
            self.work(world, identity.request_reset, address, IP, INVITATION)
            for address in (EMAIL, rules.email("nobody@coinport.com"))
        ]
        assert work[0] == work[1]
        assert work[0][0][1] is Reason.CODE_TOO_OFTEN

    def test_of_a_code_that_was_never_sent(self, world):  # noqa: F811
        uid = activated()
        sent = mail_code(uid)
        wrong = SentCode(sent.id, f"{(int(sent.code) + 1) % 10**6:06}")
        work = [
            self.work(world, lambda guess=guess: identity.set_channel_auth(uid, Channel.MAIL, guess, on=False))
            for guess in (wrong, SentCode(NOWHERE, "123456"))
        ]
        assert work[0] == work[1]

    @pytest.mark.parametrize("form", list(Form))
    def test_of_a_login_in_any_form(self, world, form):  # noqa: F811
        identity.register(EMAIL, Form.PLAIN, "secret", INVITATION)
        identity.activate(mailed_token())
        work = [
            self.work(world, identity.check_password, Proof(f"{name}@coinport.com", form, "wrong", IP))
            for name in ("example", "nobody")
        ]
        assert work[0] == work[1]
        assert work[0][2] == 1

    def test_of_codes_to_receivers_known_and_unknown(self, world):  # noqa: F811
        work = []
        for phone, quiet in ((PHONE, False), (OTHER_PHONE, True)):
            receiver = Receiver(Channel.SMS, phone)
            _, calls, _ = self.work(
                world,
                lambda r=receiver, q=quiet: identity.codes.post_code(Purpose.VERIFICATION, r, "en", quiet=q),
            )
            work.append([call for call in calls if call != "Decrypt"])
        assert work[0][-3:] == work[1][-3:]
        assert [text.to for text in texts()] == [PHONE]


class TestAnonymousCodes:
    """What the other dialects ask for: a code for a receiver who is nobody yet."""

    def test_are_bound_to_the_receiver_and_the_purpose(self):
        receiver = Receiver(Channel.SMS, PHONE)
        sent = SentCode(identity.send_codes(Purpose.BIND_MOBILE, [receiver], IP, "zh")[Channel.SMS], texted_code())
        for purpose, other in (
            (Purpose.VERIFICATION, receiver),
            (Purpose.BIND_MOBILE, Receiver(Channel.SMS, OTHER_PHONE)),
            (Purpose.BIND_MOBILE, Receiver(Channel.SMS, PHONE, "1000000001")),
        ):
            assert refusal(identity.check_code, purpose, other, sent, "code").reason is Reason.SMS_CODE
        assert identity.check_code(Purpose.BIND_MOBILE, receiver, sent, "code").uid == NOBODY

    def test_twenty_an_hour_from_an_address(self):
        for number in range(20):
            identity.send_codes(Purpose.BIND_MOBILE, [Receiver(Channel.SMS, f"+861387364{number:04}")], IP, "zh")
        receivers = [Receiver(Channel.SMS, PHONE)]
        assert refusal(identity.send_codes, Purpose.BIND_MOBILE, receivers, IP, "zh").reason is Reason.CODE_TOO_OFTEN
        identity.send_codes(Purpose.BIND_MOBILE, receivers, "203.0.113.8", "zh")


class TestForms:
    SHA = "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols="  # of "secret"
    MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"

    def login(self, form, secret, **options):
        return identity.check_password(Proof("example@coinport.com", form, secret, IP), **options)

    def register(self, form, secret):
        uid = identity.register(EMAIL, form, secret, INVITATION)
        identity.activate(mailed_token())
        return uid

    def test_plain_text_logs_in_everywhere(self):
        uid = self.register(Form.PLAIN, "secret")
        for form, secret in ((Form.PLAIN, "secret"), (Form.SHA256_BASE64, self.SHA), (Form.MD5_HEX, self.MD5.upper())):
            assert self.login(form, secret).uid == uid

    def test_another_form_logs_in_where_it_is_spoken_and_everywhere_after_a_plain_text_login(self):
        uid = self.register(Form.MD5_HEX, self.MD5)
        assert refusal(self.login, Form.SHA256_BASE64, self.SHA).reason is Reason.UNAUTHENTICATED
        assert refusal(self.login, Form.PLAIN, "Secret").reason is Reason.UNAUTHENTICATED
        assert self.login(Form.PLAIN, "secret", rehash=True).uid == uid
        assert self.login(Form.SHA256_BASE64, self.SHA).uid == uid
        assert set(users.get(uid).credentials) == {"plain", "md5_hex", "sha256_base64"}

    def test_hashes_follow_the_parameters(self, monkeypatch, world):  # noqa: F811
        uid = self.register(Form.SHA256_BASE64, self.SHA)
        before = users.get(uid).credentials
        monkeypatch.setattr(passwords, "MEMORY_KIB", 16)
        self.login(Form.SHA256_BASE64, self.SHA)
        assert users.get(uid).credentials == before, "only where a login asks for it"
        identity.login._proven.clear()
        self.login(Form.SHA256_BASE64, self.SHA, rehash=True)
        after = users.get(uid).credentials
        assert "m=16," in after["sha256_base64"]
        world.argon2_runs = 0
        self.login(Form.SHA256_BASE64, self.SHA, rehash=True)
        assert world.argon2_runs == 0, "it is known again"

    def test_a_password_changed_meanwhile_is_not_put_back(self):
        uid = self.register(Form.SHA256_BASE64, self.SHA)
        seen = users.get(uid).credentials
        users.UserRow(uid).update(actions=[users.UserRow.credentials.set({"plain": "new"})])
        users.rehash(uid, seen, {Form.SHA256_BASE64: "old"})
        assert users.get(uid).credentials == {"plain": "new"}

    def test_trouble_with_rehashing_is_not_the_persons(self, monkeypatch):
        uid = self.register(Form.SHA256_BASE64, self.SHA)
        monkeypatch.setattr(passwords, "MEMORY_KIB", 16)
        monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)

        def broken(*_):
            raise OSError

        monkeypatch.setattr(users, "rehash", broken)
        assert self.login(Form.SHA256_BASE64, self.SHA, rehash=True).uid == uid

    def test_a_reset_leaves_no_form_of_the_old_password(self):
        uid = self.register(Form.PLAIN, "secret")
        identity.reset_password(reset_token(), Form.SHA256_BASE64, RIGHT)
        assert set(users.get(uid).credentials) == {"sha256_base64"}
        assert refusal(self.login, Form.PLAIN, "secret").reason is Reason.UNAUTHENTICATED


class TestSessionsAndFreeze:
    def test_a_session_begun_with_the_old_password_is_none(self):
        uid = activated()
        user = identity.check_password(proof())
        identity.reset_password(reset_token(), Form.SHA256_BASE64, WRONG)
        cookie = identity.begin_session(user, IP, "agent")
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED
        assert uid

    def test_the_session_that_changes_goes_on_and_the_others_end(self, world):  # noqa: F811
        uid = activated()
        cookie, other = (identity.begin_session(users.get(uid), IP, "agent") for _ in range(2))
        identity.bind_mobile(uid, rules.fingerprint(cookie), PHONE, bind_code(uid), None)
        secret = totp_bound(uid)
        identity.unbind_totp(uid, rules.fingerprint(cookie), totp(secret, 1))
        identity.change_password(uid, rules.fingerprint(cookie), proof(), WRONG)
        assert refusal(identity.check_session, other).reason is Reason.UNAUTHENTICATED
        for _ in range(3):
            world.now += 30 * MINUTE_MS
            assert identity.check_session(cookie).uid == uid

    def test_a_session_that_ended_meanwhile_is_not_brought_back(self):
        uid = activated()
        cookie = identity.begin_session(users.get(uid), IP, "agent")
        identity.end_session(cookie)
        identity.change_password(uid, rules.fingerprint(cookie), proof(), WRONG)
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_anothers_session_is_not_carried(self):
        ann, bob = activated(), activated(rules.email("bob@coinport.com"))
        cookie = identity.begin_session(users.get(bob), IP, "agent")
        identity.bind_mobile(ann, rules.fingerprint(cookie), PHONE, bind_code(ann), None)
        assert identity.check_session(cookie).uid == bob

    def test_a_freeze_lasts_a_day_from_the_last_change(self, world):  # noqa: F811
        uid = activated()
        bound(uid)
        world.now += 23 * HOUR_MS
        identity.reset_password(reset_token(), Form.SHA256_BASE64, WRONG)
        world.now += DAY_MS - 1
        assert identity.withdrawals_frozen(users.get(uid))
        world.now += 1
        assert not identity.withdrawals_frozen(users.get(uid))


class TestProve:
    """The factors of a withdrawal."""

    def test_the_default_asks_for_a_mailed_code(self):
        uid = activated()
        refused = refusal(identity.prove, uid, Given())
        assert (refused.reason, refused.parameter) == (Reason.PARAMETER_MISSING, "emailCode")
        assert len(identity.prove(uid, Given(email=mail_code(uid))).proofs) == 1

    def test_all_that_is_switched_on(self, world):  # noqa: F811
        uid = activated()
        bound(uid)
        identity.set_channel_auth(uid, Channel.SMS, phone_code(uid), on=True)
        secret = totp_bound(uid)
        assert refusal(identity.prove, uid, Given()).reason is Reason.WITHDRAWALS_FROZEN
        world.now += DAY_MS
        mailed, texted = mail_code(uid), phone_code(uid)
        for given, parameter in (
            (Given(phone=texted, totp="123456"), "emailCode"),
            (Given(email=mailed, totp="123456"), "phoneCode"),
            (Given(email=mailed, phone=texted), "googleCode"),
        ):
            assert refusal(identity.prove, uid, given).parameter == parameter
        assert refusal(identity.prove, uid, Given(mailed, texted, "x")).reason is Reason.TOTP_CODE
        proven = identity.prove(uid, Given(mailed, texted, totp(secret)))
        assert (len(proven.proofs), len(proven.steps("use", clock.now_ms()))) == (2, 3)

    def test_it_is_used_up_with_what_it_authorises(self):
        uid = activated()
        mailed = mail_code(uid)
        proven = identity.prove(uid, Given(email=mailed))
        with TransactWrite(connection=users.UserRow._get_connection().connection) as transaction:
            for step in proven.steps("w", clock.now_ms()):
                step(transaction)
        assert refusal(identity.prove, uid, Given(email=mailed)).reason is Reason.EMAIL_CODE

    def test_a_step_of_the_authenticator_too(self):
        uid = activated()
        identity.set_channel_auth(uid, Channel.MAIL, mail_code(uid), on=False)
        secret = totp_bound(uid)
        assert refusal(identity.prove, uid, Given(totp=totp(secret, -1))).reason is Reason.TOTP_CODE, "it bound it"
        proven = identity.prove(uid, Given(totp=totp(secret)))
        with TransactWrite(connection=users.UserRow._get_connection().connection) as transaction:
            proven.steps("first", clock.now_ms())[0](transaction)
        assert refusal(identity.prove, uid, Given(totp=totp(secret))).reason is Reason.TOTP_CODE
        with (
            pytest.raises(TransactWriteError),
            TransactWrite(connection=users.UserRow._get_connection().connection) as transaction,
        ):
            proven.steps("second", clock.now_ms())[0](transaction)


def test_a_person_is_found_by_the_number_for_the_same_work(world):  # noqa: F811
    uid = activated()
    bound(uid)
    work = []
    for phone in (PHONE, OTHER_PHONE):
        world.calls.clear()
        found = identity.find_by_mobile(phone)
        work.append(list(world.calls))
        assert (found.uid if found else None) == (uid if phone == PHONE else None)
    assert work[0] == work[1]


class TestInvites:
    def test_everyone_has_a_code_that_leads_to_them(self):
        uids = [registered(rules.email(f"p{n}@coinport.com")) for n in range(3)]
        codes_ = [users.get(uid).invite_code for uid in uids]
        assert len(set(codes_)) == 3
        assert [names.by_invite(code) for code in codes_] == uids
        assert names.by_invite("AAAAAA") in {None, *uids}

    def test_who_brought_whom_is_kept(self):
        ann = registered()
        bob = identity.register(rules.email("bob@coinport.com"), Form.SHA256_BASE64, RIGHT, INVITATION, inviter=ann)
        assert users.get(bob).inviter == ann

    def test_a_code_that_is_taken_is_drawn_again(self, monkeypatch):
        ann = registered()
        taken, drawn = users.get(ann).invite_code, iter((users.get(ann).invite_code, "ZZZZZZ"))
        monkeypatch.setattr(rules, "invite_code", lambda _: next(drawn))
        bob = registered(rules.email("bob@coinport.com"))
        assert (users.get(bob).invite_code, names.by_invite(taken)) == ("ZZZZZZ", ann)


class TestLog:
    def test_logins_and_failures_with_address_and_program(self, world):  # noqa: F811
        uid = activated()
        refusal(identity.check_password, Proof("example@coinport.com", Form.SHA256_BASE64, WRONG, IP, "curl/8"))
        world.now += 1
        identity.begin_session(identity.check_password(proof()), "203.0.113.8", "x" * 500)
        success, failure = identity.logins(uid)
        assert (success.result, success.ip, len(success.user_agent), success.at) == (
            "success",
            "203.0.113.8",
            200,
            world.now,
        )
        assert (failure.result, failure.ip, failure.user_agent) == ("failed", IP, "curl/8")

    def test_at_most_a_hundred(self, world):  # noqa: F811
        uid = activated()
        for _ in range(5):
            identity.begin_session(users.get(uid), IP, "")
            world.now += 1
        assert len(identity.logins(uid, 3)) == 3
        deliver()
