"""Logging in by two steps and finding passwords, over moto: that nothing tells who is known, and what races change."""

import pytest

from chalicelib.core import identity as rules
from chalicelib.core.identity import HOUR_MS, MINUTE_MS, Channel, Form, Purpose
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Factor
from chalicelib.services import identity, passwords
from chalicelib.services.identity import Asked, Entered, Entry, Number, Origin, SentCode
from chalicelib.stores import users
from tests.planted import plant
from tests.post import mailed_code, mails, texted_code, texts
from tests.services.test_identity import at_once, disturbed, refusal, sent_twice, world  # noqa: F401 - a fixture

EMAIL = rules.email("ann@coinport.com")
NOBODY = rules.email("nobody@coinport.com")
MOBILE = Mobile("86", "13873647282")
NOBODYS = Mobile("86", "13812345678")
MD5 = "0f34ebd20c2cbc01f40ae31ab1c2f4ba"
OTHER = "9b74c9897bac770ffc029102a200c5de"
IP = "203.0.113.7"
HERE = Origin(IP, "agent", "browser")
UNKNOWN_ID = "123456789012345"


def code_to(name, purpose, ip=IP):
    order_id = identity.send_code(name, purpose, ip, "en")
    return SentCode(order_id, texted_code() if isinstance(name, Mobile) else mailed_code())


def signed_up(name=EMAIL, secret=MD5):
    return identity.sign_up(Entry(name, "en", secret=secret), code_to(name, Purpose.SIGN_UP))


def asked(name=EMAIL, origin=HERE):
    found = identity.log_in(name, Form.MD5_HEX, MD5, origin)
    assert isinstance(found, Asked)
    plant(found.request_id)
    return found


def login_code(request_id, channel=Channel.MAIL):
    order_id = identity.send_login_code(request_id, channel, IP, "agent")
    return SentCode(order_id, mailed_code() if channel is Channel.MAIL else texted_code())


def found(name=EMAIL):
    return identity.find_password(name, code_to(name, Purpose.FIND_PASSWORD), IP)


class TestWork:
    """Known and unknown names: the same AWS calls in the same order, as much argon2, and the same answers."""

    def work(self, world, *calls):  # noqa: F811
        seen = []
        for call in calls:
            world.calls.clear()
            world.argon2_runs = 0
            try:
                outcome = call()
            except Refused as refused:
                outcome = (refused.reason, refused.parameter, refused.data)
            seen.append(
                (outcome if isinstance(outcome, tuple) else type(outcome), list(world.calls), world.argon2_runs)
            )
        return seen

    @pytest.mark.parametrize(("known", "unknown"), [(EMAIL, NOBODY), (MOBILE, NOBODYS)], ids=["email", "mobile"])
    def test_of_a_wrong_password(self, world, known, unknown):  # noqa: F811
        signed_up(known)
        names = (known, unknown)
        first, second = self.work(
            world, *[lambda name=name: identity.log_in(name, Form.MD5_HEX, OTHER, HERE) for name in names]
        )
        assert first == second
        assert first[0] == (Reason.LOGIN_FAILED, None, {"failures": 1})
        assert first[2] == 1

    def test_of_a_wrong_password_at_a_number_without_its_country(self, world):  # noqa: F811
        signed_up(MOBILE)
        first, second = self.work(
            world,
            *[
                lambda name=name: identity.log_in(Number(name.number), Form.MD5_HEX, OTHER, HERE)
                for name in (MOBILE, NOBODYS)
            ],
        )
        assert first == second
        assert first[2] == 1

    @pytest.mark.parametrize("countries", [("86",), ("63", "86")], ids=["at home", "abroad"])
    def test_of_one_number_in_all_its_spellings(self, world, countries):  # noqa: F811
        known, unknown = ("9173647282", "9173647283") if "63" in countries else (MOBILE.number, NOBODYS.number)
        signed_up(Mobile(countries[0], known))
        texts_of = ("{}", "0{}", "{} ")
        first, second = (
            self.work(
                world,
                *[
                    lambda name=name: identity.log_in(name, Form.MD5_HEX, OTHER, HERE)
                    for name in (
                        *[Number(text.format(number)) for text in texts_of],
                        *[Mobile(country, number) for country in ("63", "86", "1")],
                    )
                ],
            )
            for number in (known, unknown)
        )
        assert first == second
        if "63" in countries:
            told = [outcome[0] for outcome, _, _ in first]
            assert told == [Reason.LOGIN_FAILED] * 5 + [Reason.LOGIN_LOCKED]

    def test_of_a_frozen_account(self, world):  # noqa: F811
        signed_up()
        for _ in range(5):
            for name in (EMAIL, NOBODY):
                refusal(identity.log_in, name, Form.MD5_HEX, OTHER, HERE)
        first, second = self.work(
            world, *[lambda name=name: identity.log_in(name, Form.MD5_HEX, MD5, HERE) for name in (EMAIL, NOBODY)]
        )
        assert first == second
        assert first[0][0] is Reason.LOGIN_LOCKED

    @pytest.mark.parametrize(("known", "unknown"), [(EMAIL, NOBODY), (MOBILE, NOBODYS)], ids=["email", "mobile"])
    @pytest.mark.parametrize("purpose", [Purpose.FIND_PASSWORD, Purpose.QUICK_LOGIN, Purpose.SIGN_UP])
    def test_of_codes_that_strangers_ask_for(self, world, known, unknown, purpose):  # noqa: F811
        signed_up(known)
        world.now += MINUTE_MS
        names = (known, unknown)
        first, second = self.work(
            world, *[lambda name=name: identity.send_code(name, purpose, IP, "en") for name in names]
        )
        assert first == second
        assert first[0] is str

    @pytest.mark.parametrize(("known", "unknown"), [(EMAIL, NOBODY), (MOBILE, NOBODYS)], ids=["email", "mobile"])
    def test_of_wrong_codes(self, world, known, unknown):  # noqa: F811
        signed_up(known)
        world.now += MINUTE_MS
        for purpose, use in (
            (Purpose.QUICK_LOGIN, lambda name, sent: identity.log_in_by_code(name, sent, HERE)),
            (Purpose.FIND_PASSWORD, lambda name, sent: identity.find_password(name, sent, IP)),
        ):
            order_ids = [identity.send_code(name, purpose, IP, "en") for name in (known, unknown)]
            right = texted_code() if known is MOBILE else mailed_code()
            wrong = f"{(int(right) + 1) % 10**6:06}"
            sent = [SentCode(order_id, wrong) for order_id in order_ids]
            pairs = zip((known, unknown), sent, strict=True)
            first, second = self.work(world, *[lambda pair=pair, use=use: use(*pair) for pair in pairs])
            assert first == second

    def test_an_order_id_of_ours_and_one_of_nobodys(self, world):  # noqa: F811
        signed_up()
        first, second = self.work(
            world,
            *[
                lambda name=name: identity.log_in_by_code(name, SentCode(UNKNOWN_ID, "123456"), HERE)
                for name in (EMAIL, NOBODY)
            ],
        )
        assert first == second


class TestFindingFromOneAddress:
    def asked(self, name):
        return refusal(identity.find_password, name, SentCode(UNKNOWN_ID, "123456"), IP).reason

    def test_is_for_three_accounts_an_hour_however_often_it_is_asked(self, world):  # noqa: F811
        names = [rules.email(f"a{number}@coinport.com") for number in range(5)]
        for _ in range(2):
            told = [[self.asked(name) for _ in range(2)] for name in names]
            assert told == [[Reason.FIND_FAILED] * 2] * 3 + [[Reason.FIND_TOO_MANY] * 2] * 2
        world.now += HOUR_MS
        assert self.asked(names[4]) is Reason.FIND_FAILED

    def test_at_once_counts_an_account_once(self):
        results = at_once(*[lambda: self.asked(EMAIL)] * 4)
        assert results == [Reason.FIND_FAILED] * 4
        assert [self.asked(rules.email(f"a{number}@coinport.com")) for number in range(3)] == [
            *[Reason.FIND_FAILED] * 2,
            Reason.FIND_TOO_MANY,
        ]


class TestRaces:
    def test_one_request_and_one_code_at_once_log_in_once(self):
        uid = signed_up()
        request = asked()
        sent = login_code(request.request_id)
        results = at_once(*[lambda: identity.finish_login(request.request_id, Channel.MAIL, sent, HERE)] * 5)
        entered = [result for result in results if isinstance(result, Entered)]
        assert [one.user.uid for one in entered] == [uid]
        others = {result.reason for result in results if not isinstance(result, Entered)}
        assert others <= {Reason.EMAIL_CODE, Reason.NO_SUCH_REQUEST, Reason.TOO_OFTEN}

    def test_one_request_with_two_codes_at_once_logs_in_once(self, world):  # noqa: F811
        signed_up()
        request = asked()
        first = login_code(request.request_id)
        world.now += MINUTE_MS
        second = login_code(request.request_id)
        results = at_once(
            *[
                lambda sent=sent: identity.finish_login(request.request_id, Channel.MAIL, sent, HERE)
                for sent in (first, second)
            ]
        )
        assert sorted(type(result).__name__ for result in results) == ["Entered", "Refused"]

    def test_two_requests_with_one_code_at_once_log_in_once(self):
        signed_up()
        one, other = asked(), asked()
        sent = login_code(one.request_id)
        results = at_once(
            *[
                lambda request=request: identity.finish_login(request.request_id, Channel.MAIL, sent, HERE)
                for request in (one, other)
            ]
        )
        assert sorted(type(result).__name__ for result in results) == ["Entered", "Refused"]

    def test_one_quick_code_at_once_logs_in_once(self):
        signed_up(secret=None)
        sent = code_to(EMAIL, Purpose.QUICK_LOGIN)
        results = at_once(*[lambda: identity.log_in_by_code(EMAIL, sent, HERE)] * 4)
        assert sorted(type(result).__name__ for result in results) == ["Entered"] + ["Refused"] * 3

    def test_one_finding_at_once_sets_one_password(self):
        uid = signed_up()
        request = found()
        secrets = [f"{number:032x}" for number in range(4)]
        results = at_once(
            *[
                lambda secret=secret: identity.set_found_password(request.request_id, Form.MD5_HEX, secret)
                for secret in secrets
            ]
        )
        assert sum(result is None for result in results) == 1
        user = users.get(uid)
        assert user.auth_epoch == 2, "changed once"
        assert passwords.matches(user.credentials["md5_hex"], secrets[results.index(None)])

    def test_one_code_at_once_begins_one_finding(self):
        signed_up()
        sent = code_to(EMAIL, Purpose.FIND_PASSWORD)
        results = at_once(*[lambda: identity.find_password(EMAIL, sent, IP)] * 4)
        assert sum(isinstance(result, identity.Found) for result in results) == 1

    def test_guesses_racing_each_other_are_no_more_than_five(self, world, monkeypatch):  # noqa: F811
        signed_up()
        monkeypatch.setattr("chalicelib.services.identity.login.BUSY_WAIT_MS", 200)
        at_once(*[lambda: identity.log_in(EMAIL, Form.MD5_HEX, OTHER, HERE)] * 12)
        assert world.argon2_runs <= 5

    def test_one_number_is_bound_by_one_of_two_people(self):
        signed_up()
        bob = rules.email("bob@coinport.com")
        signed_up(bob)
        new = code_to(MOBILE, Purpose.BIND_MOBILE)
        calls = []
        for name in (EMAIL, bob):
            uid = users.find(name).uid
            order_id = identity.send_own_code(users.get(uid), Channel.MAIL, Purpose.BIND_MOBILE, IP)
            known = SentCode(order_id, mailed_code())
            calls.append(lambda uid=uid, known=known: identity.bind_name(uid, "", MOBILE, new, known))
        results = at_once(*calls)
        assert sum(result is None for result in results) == 1
        owner = identity.find(MOBILE)
        assert owner.mobile_verified
        assert identity.mobile_of(owner) == MOBILE.full


class TestMeanwhile:
    def test_a_lost_answer_is_no_second_login(self, monkeypatch):
        signed_up()
        request = asked()
        sent = login_code(request.request_id)
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        done = identity.finish_login(request.request_id, Channel.MAIL, sent, HERE)
        assert identity.check_session(done.cookie).uid == done.user.uid

    def test_a_password_that_was_changed_while_the_second_step_was_written(self, monkeypatch):
        uid = signed_up()
        request = asked()
        sent = login_code(request.request_id)

        def changed(call):
            users.UserRow(uid).update(actions=[users.UserRow.auth_epoch.add(1), users.UserRow.version.set(99)])
            return call()

        disturbed(monkeypatch, "TransactWriteItems", changed)
        refused = refusal(identity.finish_login, request.request_id, Channel.MAIL, sent, HERE)
        assert refused.reason in {Reason.UNAUTHENTICATED, Reason.NO_SUCH_REQUEST}

    def test_another_number_was_bound_while_the_codes_were_checked(self, monkeypatch):
        uid = signed_up()
        new = code_to(MOBILE, Purpose.BIND_MOBILE)
        known = SentCode(identity.send_own_code(users.get(uid), Channel.MAIL, Purpose.BIND_MOBILE, IP), mailed_code())

        def bound(call):
            users.UserRow(uid).update(actions=[users.UserRow.email.set("x@y.zz"), users.UserRow.version.set(99)])
            return call()

        disturbed(monkeypatch, "TransactWriteItems", bound)
        assert refusal(identity.bind_name, uid, "", MOBILE, new, known).reason is Reason.SMS_CODE
        assert identity.find(MOBILE) is None


class TestSteps:
    def test_what_a_request_holds_is_no_secret_in_the_table(self):
        signed_up()
        request = asked(origin=Origin(IP, "agent", "phone-1", trusting=True))
        from chalicelib.stores import aws, codes

        everything = str(aws.client("dynamodb").scan(TableName=codes.CodeRow.Meta.table_name))
        assert request.request_id not in everything
        assert "phone-1" not in everything

    def test_a_device_is_asked_for_nothing_but_by_its_own_person(self, world):  # noqa: F811
        signed_up()
        signed_up(MOBILE)
        world.now += HOUR_MS
        request = asked()
        identity.finish_login(request.request_id, Channel.MAIL, login_code(request.request_id), HERE)
        assert isinstance(identity.log_in(EMAIL, Form.MD5_HEX, MD5, HERE), Entered)
        assert isinstance(identity.log_in(MOBILE, Form.MD5_HEX, MD5, HERE), Asked)
        assert isinstance(identity.log_in(EMAIL, Form.MD5_HEX, MD5, Origin(IP, "agent")), Asked)

    def test_a_number_is_the_name_of_a_login_by_sms(self):
        signed_up(MOBILE)
        request = identity.log_in(Number(MOBILE.number), Form.MD5_HEX, MD5, HERE)
        assert request.factor is Factor.SMS
        sent = login_code(request.request_id, Channel.SMS)
        assert identity.finish_login(request.request_id, Channel.SMS, sent, HERE).user.registered_by is Channel.SMS

    def test_plain_text_logs_in_here_too(self):
        uid = identity.sign_up(Entry(EMAIL, "en", Form.PLAIN, "a long sentence"), code_to(EMAIL, Purpose.SIGN_UP))
        for form in (Form.PLAIN, Form.MD5_HEX, Form.SHA256_BASE64):
            secret = rules.spellings(Form.PLAIN, "a long sentence")[form]
            assert identity.log_in(EMAIL, form, secret, HERE).user.uid == uid

    def test_codes_for_what_is_to_be_bound_go_to_whoever_has_it(self):
        signed_up()
        assert code_to(EMAIL, Purpose.BIND_EMAIL)
        assert mails()[-1].destinations["ToAddresses"] == ["ann@coinport.com"]
        assert refusal(identity.send_code, MOBILE, Purpose.BIND_EMAIL, IP, "en").reason is Reason.PARAMETER_INVALID
        assert texts() == []
