"""Identity over moto: who gets in, who does not, and what racing, repeating and lost answers change about it."""

import re
import threading
from collections import Counter
from contextlib import suppress

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, HOUR_MS, MINUTE_MS, Form, Standing
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, passwords
from chalicelib.services.identity import Invitation, Proof, login
from chalicelib.stores import accounts, api_keys, attempts, aws, codes, mail, sessions, users, vault
from tests.post import mailed_token, mails

EMAIL = rules.email("Example@coinport.com")
RIGHT = "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="
WRONG = "tZwid9Lea5GPGPfBBU0xIQIZdnaly2k6fBdGf7plFMA="
INVITATION = Invitation(language="en", link="https://x.example/check?token=")
NOW = 1_800_000_000_000


@pytest.fixture(autouse=True)
def world(cloud, monkeypatch):
    """A clock that stands still unless told, argon2 at its cheapest, and a count of its runs and of AWS calls."""
    moment = World()
    monkeypatch.setattr(clock, "now_ms", lambda: moment.now)
    monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
    vault.forget()
    matches, call = passwords.matches, BaseClient._make_api_call

    def counted_matches(stored, secret):
        moment.argon2_runs += 1
        return matches(stored, secret)

    def counted_call(client, operation, parameters):
        moment.calls.append(operation)
        return call(client, operation, parameters)

    monkeypatch.setattr(passwords, "matches", counted_matches)
    monkeypatch.setattr(BaseClient, "_make_api_call", counted_call)
    return moment


class World:
    def __init__(self):
        self.now = NOW
        self.argon2_runs = 0
        self.calls = []


def registered(address=EMAIL):
    return identity.register(address, Form.SHA256_BASE64, RIGHT, INVITATION)


def activated(address=EMAIL):
    uid = registered(address)
    identity.activate(mailed_token())
    return uid


def proof(secret=RIGHT, email="example@coinport.com", ip="203.0.113.7"):
    return Proof(email, Form.SHA256_BASE64, secret, ip)


def refusal(call, *arguments):
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value


def at_once(*calls):
    """Run the calls at the same moment; what each returned or raised."""
    results, barrier = [None] * len(calls), threading.Barrier(len(calls))

    def run(index, call):
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[index] = error

    threads = [threading.Thread(target=run, args=(index, call)) for index, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def disturbed(monkeypatch, operation, disturbance):
    """`disturbance(call)` takes the place of the first `operation`."""
    proceed, pending = BaseClient._make_api_call, [operation]

    def call(client, name, parameters):
        if name in pending:
            pending.remove(name)
            return disturbance(lambda: proceed(client, name, parameters))
        return proceed(client, name, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def sent_twice(call):
    """The answer was lost, and botocore sent the request again."""
    call()
    return call()


def fails(call):
    raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "Any")


class TestRegister:
    def test_makes_a_pending_person_with_an_empty_account_and_mails_the_address_as_typed(self):
        uid = registered()
        user = users.find(EMAIL)
        assert uid == user.uid == "1000000001"
        assert (user.standing, user.email_verified, user.email) == (Standing.PENDING, False, "Example@coinport.com")
        account = accounts.get(uid)
        assert (account.available, account.frozen, account.pending, account.applied, account.intents) == (
            {},
            {},
            {},
            {},
            {},
        )
        (sent,) = mails()
        assert sent.destinations["ToAddresses"] == ["Example@coinport.com"]
        assert sent.subject == "Activate your Coinport account"
        assert "https://x.example/check?token=" + mailed_token() in sent.body

    def test_uids_count_up(self):
        assert [registered(rules.email(f"p{n}@coinport.com")) for n in range(3)] == [
            "1000000001",
            "1000000002",
            "1000000003",
        ]

    def test_the_mail_is_in_the_language_asked_for(self):
        identity.register(EMAIL, Form.SHA256_BASE64, RIGHT, Invitation("zh", "https://x.example/?token="))
        assert mails()[0].subject == "激活您的币丰港账号"

    @pytest.mark.parametrize("again", ["example@coinport.com", "EXAMPLE@COINPORT.COM"])
    def test_a_used_mailbox_is_refused(self, again):
        registered()
        refused = refusal(registered, rules.email(again))
        assert (refused.reason, refused.parameter) == (Reason.ALREADY_REGISTERED, "email")
        assert len(mails()) == 1

    def test_gmail_dots_and_tags_are_one_mailbox(self):
        registered(rules.email("john@gmail.com"))
        assert refusal(registered, rules.email("J.o.h.n+2@googlemail.com")).reason is Reason.ALREADY_REGISTERED

    def test_of_several_at_once_one_succeeds(self):
        results = at_once(*[registered] * 6)
        uids = [result for result in results if isinstance(result, str)]
        assert uids == [users.find(EMAIL).uid]
        assert all(result.reason is Reason.ALREADY_REGISTERED for result in results if not isinstance(result, str))
        assert [account.uid for account in accounts.scan()] == uids

    def test_a_lost_answer_is_no_duplicate(self, monkeypatch):
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        assert registered() == users.find(EMAIL).uid

    def test_a_conflict_is_tried_again(self, monkeypatch):
        def conflict(call):
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}, {"Code": "None"}]
            error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")

        disturbed(monkeypatch, "TransactWriteItems", conflict)
        assert registered() == users.find(EMAIL).uid

    def test_a_mail_that_cannot_be_queued_does_not_lose_the_registration(self, monkeypatch, world):
        disturbed(monkeypatch, "SendMessage", fails)
        uid = registered()
        assert mails() == []
        world.now += MINUTE_MS
        identity.send_activation(EMAIL, "203.0.113.7", INVITATION)
        identity.activate(mailed_token())
        assert identity.check_password(proof()).uid == uid

    def test_nothing_secret_is_stored_as_it_came(self):
        registered()
        everything = str(
            [
                aws.client("dynamodb").scan(TableName=table)
                for table in aws.client("dynamodb").list_tables()["TableNames"]
            ]
        )
        assert RIGHT not in everything
        assert mailed_token() not in everything


class TestActivation:
    def test_lets_the_person_in_once(self):
        registered()
        token = mailed_token()
        identity.activate(token)
        user = users.find(EMAIL)
        assert (user.standing, user.email_verified) == (Standing.ACTIVE, True)
        assert refusal(identity.activate, token).reason is Reason.TOKEN_EXPIRED

    def test_of_several_at_once_one_succeeds(self):
        registered()
        token = mailed_token()
        results = at_once(*[lambda: identity.activate(token)] * 6)
        assert Counter(getattr(result, "reason", None) for result in results) == {None: 1, Reason.TOKEN_EXPIRED: 5}

    def test_a_lost_answer_is_no_second_use(self, monkeypatch):
        registered()
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        identity.activate(mailed_token())
        assert users.find(EMAIL).standing is Standing.ACTIVE

    def test_a_token_lives_24_hours(self, world):
        registered()
        token = mailed_token()
        world.now += DAY_MS
        assert refusal(identity.activate, token).reason is Reason.TOKEN_EXPIRED
        world.now -= 1
        identity.activate(mailed_token())

    def test_once_active_no_other_token_does_anything(self, world):
        registered()
        world.now += MINUTE_MS
        identity.send_activation(EMAIL, "203.0.113.7", INVITATION)
        first, second = mailed_token(0), mailed_token(1)
        assert first != second
        identity.activate(first)
        assert refusal(identity.activate, second).reason is Reason.TOKEN_EXPIRED

    @pytest.mark.parametrize("token", ["", "A" * 40, "A" * 39, "'; --", "令" * 40])
    def test_unknown_tokens_are_refused(self, token):
        assert refusal(identity.activate, token).reason is Reason.TOKEN_EXPIRED

    def test_a_token_made_for_nobody_activates_nobody(self):
        token = "B" * 40
        codes.keep(rules.Purpose.ACTIVATION, rules.fingerprint(token), None, NOW + DAY_MS)
        assert refusal(identity.activate, token).reason is Reason.TOKEN_EXPIRED


class TestSendActivation:
    def send(self, address=EMAIL, ip="203.0.113.7"):
        identity.send_activation(address, ip, INVITATION)

    def test_unknown_pending_and_active_addresses_are_treated_alike(self, world):
        activated(rules.email("active@coinport.com"))
        registered(rules.email("pending@coinport.com"))
        world.now += MINUTE_MS
        count, calls = len(mails()), []
        for name in ("nobody", "active", "pending"):
            world.calls.clear()
            self.send(rules.email(f"{name}@coinport.com"))
            calls.append([call for call in world.calls if call != "SendEmail"])
        assert calls[0] == calls[1] == calls[2]
        assert [sent.destinations["ToAddresses"] for sent in mails()[count:]] == [["pending@coinport.com"]]

    def test_sixty_seconds_apart_whether_there_is_such_a_person_or_not(self, world):
        registered()
        nobody = rules.email("nobody@coinport.com")
        self.send(EMAIL)
        self.send(nobody)
        for address in (EMAIL, nobody):
            assert refusal(self.send, address).reason is Reason.CODE_TOO_OFTEN
        world.now += MINUTE_MS
        self.send(EMAIL)
        self.send(nobody)

    def test_five_an_hour_and_ten_a_day(self, world):
        sent = 0
        for _ in range(24 * 12):
            with suppress(Refused):
                self.send()
                sent += 1
            world.now += 5 * MINUTE_MS
            if world.now - NOW <= HOUR_MS:
                assert sent <= 5
        assert sent == 10

    def test_twenty_an_hour_from_an_address(self):
        for number in range(20):
            self.send(rules.email(f"p{number}@coinport.com"))
        assert refusal(self.send, rules.email("p20@coinport.com")).reason is Reason.CODE_TOO_OFTEN
        self.send(rules.email("p20@coinport.com"), ip="203.0.113.8")  # the refused one was not counted

    def test_of_several_at_once_one_is_sent(self):
        registered(rules.email("other@coinport.com"))
        results = at_once(*[self.send] * 5)
        assert Counter(getattr(result, "reason", None) for result in results) == {None: 1, Reason.CODE_TOO_OFTEN: 4}

    @pytest.mark.parametrize("name", ["example", "nobody"])
    def test_what_cannot_be_queued_is_said_to_all_alike(self, world, monkeypatch, name):
        registered()
        disturbed(monkeypatch, "SendMessage", fails)
        assert refusal(self.send, rules.email(f"{name}@coinport.com")).reason is Reason.NOT_SENT


class TestPassword:
    def test_the_right_one_names_the_person(self):
        uid = activated()
        assert identity.check_password(proof()).uid == uid

    def test_every_spelling_of_the_mailbox_is_the_person(self):
        uid = activated()
        assert identity.check_password(proof(email="EXAMPLE@coinport.com")).uid == uid

    def test_before_activation_only_who_knows_the_password_is_told(self):
        registered()
        assert refusal(identity.check_password, proof()).reason is Reason.ACCOUNT_UNUSABLE
        refused = refusal(identity.check_password, proof(WRONG))
        assert (refused.reason, refused.data) == (Reason.UNAUTHENTICATED, {"canRetryTime": 3})

    def test_the_fourth_failure_locks_for_120_minutes_even_against_the_right_password(self, world):
        activated()
        for left in (3, 2, 1):
            refused = refusal(identity.check_password, proof(WRONG))
            assert (refused.reason, refused.data) == (Reason.UNAUTHENTICATED, {"canRetryTime": left})
        for secret in (WRONG, WRONG, RIGHT):
            refused = refusal(identity.check_password, proof(secret))
            assert (refused.reason, refused.data) == (Reason.LOGIN_LOCKED, {"canRetryTime": 0})
        assert world.argon2_runs == 4
        world.now += 120 * MINUTE_MS - 1
        assert refusal(identity.check_password, proof()).reason is Reason.LOGIN_LOCKED
        world.now += 1
        identity.check_password(proof())

    def test_a_lock_that_ran_out_starts_from_the_beginning(self, world):
        activated()
        for _ in range(4):
            refusal(identity.check_password, proof(WRONG))
        world.now += 120 * MINUTE_MS
        assert refusal(identity.check_password, proof(WRONG)).data == {"canRetryTime": 3}

    def test_success_clears_the_failures(self):
        activated()
        for _ in range(3):
            refusal(identity.check_password, proof(WRONG))
        identity.check_password(proof())
        assert refusal(identity.check_password, proof(WRONG)).data == {"canRetryTime": 3}

    def test_the_lock_is_of_one_name_from_one_address(self):
        activated()
        for _ in range(4):
            refusal(identity.check_password, proof(WRONG))
        identity.check_password(proof(ip="203.0.113.8"))
        assert refusal(identity.check_password, proof(email="other@coinport.com")).data == {"canRetryTime": 3}

    def test_another_spelling_of_the_name_is_no_way_around_the_lock(self):
        activated(rules.email("john@gmail.com"))
        for name in ("john", "j.ohn", "john+1", "JOHN"):
            refusal(identity.check_password, proof(WRONG, email=f"{name}@gmail.com"))
        assert refusal(identity.check_password, proof(email="john@gmail.com")).reason is Reason.LOGIN_LOCKED

    @pytest.mark.parametrize("email", ["nobody@coinport.com", "no address", "", "ｅxample@coinport.com"])
    def test_unknown_names_walk_the_same_ladder_with_the_same_work(self, world, email):
        activated()
        work = []
        for name in ("example@coinport.com", email):
            world.calls.clear()
            world.argon2_runs = 0
            answers = [refusal(identity.check_password, proof(WRONG, email=name)) for _ in range(5)]
            work.append((world.argon2_runs, list(world.calls), [(answer.reason, answer.data) for answer in answers]))
        assert work[0] == work[1]
        assert work[0][0] == 4

    def test_a_person_without_this_form_of_password_walks_it_too(self, world):
        uid = activated()
        users.UserRow(uid).update(actions=[users.UserRow.credentials.set({"plain": passwords.conceal(RIGHT)})])
        assert refusal(identity.check_password, proof()).data == {"canRetryTime": 3}
        assert world.argon2_runs == 1

    def test_racing_guesses_cannot_be_more_than_four(self, world):
        activated()
        results = at_once(*[lambda: identity.check_password(proof(WRONG))] * 12)
        assert world.argon2_runs == 4
        assert sorted(result.data["canRetryTime"] for result in results if result.data) == [0] * 9 + [1, 2, 3]

    def test_many_right_ones_at_once_all_succeed(self):
        uid = activated()
        results = at_once(*[lambda: identity.check_password(proof())] * 8)
        assert [result.uid for result in results] == [uid] * 8

    def test_guesses_cut_off_by_a_crash_do_not_lock_for_good(self, world):
        activated()
        key = f"login:{rules.fingerprint('example@coinport.com')}:203.0.113.7"
        for _ in range(4):
            attempts.take(key, world.now)
        assert attempts.take(key, world.now) is attempts.Admission.BUSY
        world.now += attempts.UNDER_WAY_MS_MAX + 1
        identity.check_password(proof())

    def test_where_others_do_not_get_decided_the_caller_is_told_to_come_back(self, world, monkeypatch):
        activated()
        key = f"login:{rules.fingerprint('example@coinport.com')}:203.0.113.7"
        for _ in range(4):
            attempts.take(key, world.now)
        ticks = iter(range(0, 100_000, 1_000))
        monkeypatch.setattr(clock, "monotonic_ms", lambda: next(ticks))
        assert refusal(identity.check_password, proof()).reason is Reason.TOO_OFTEN

    def test_a_disabled_account_is_unusable(self):
        uid = activated()
        users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.DISABLED.value)])
        assert refusal(identity.check_password, proof()).reason is Reason.ACCOUNT_UNUSABLE


class TestPasswordKnownAgain:
    """A warm container need not run argon2 again for a password it found right; nothing else changes."""

    @pytest.fixture(autouse=True)
    def uid(self):
        uid = activated()
        identity.check_password(proof())
        return uid

    def test_costs_two_reads_and_no_argon2(self, world, uid):
        world.calls.clear()
        world.argon2_runs = 0
        assert identity.check_password(proof()).uid == uid
        assert (world.calls, world.argon2_runs) == (["GetItem", "GetItem"], 0)

    def test_for_five_minutes(self, world, monkeypatch):
        later = clock.monotonic_ms() + login.PROVEN_MS + 1
        monkeypatch.setattr(clock, "monotonic_ms", lambda: later)
        world.argon2_runs = 0
        identity.check_password(proof())
        assert world.argon2_runs == 1

    def test_a_lock_out_holds(self):
        for _ in range(4):
            refusal(identity.check_password, proof(WRONG))
        assert refusal(identity.check_password, proof()).reason is Reason.LOGIN_LOCKED
        identity.check_password(proof(ip="203.0.113.8"))

    def test_a_success_clears_the_failures(self):
        for _ in range(3):
            refusal(identity.check_password, proof(WRONG))
        identity.check_password(proof())
        assert refusal(identity.check_password, proof(WRONG)).data == {"canRetryTime": 3}

    def test_a_new_password_ends_the_old_one_at_once(self, uid):
        changed = {Form.SHA256_BASE64.value: passwords.conceal(WRONG)}
        users.UserRow(uid).update(actions=[users.UserRow.credentials.set(changed)])
        assert refusal(identity.check_password, proof()).reason is Reason.UNAUTHENTICATED
        identity.check_password(proof(WRONG))

    def test_a_disabled_account_is_unusable_at_once(self, uid):
        users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.DISABLED.value)])
        assert refusal(identity.check_password, proof()).reason is Reason.ACCOUNT_UNUSABLE

    def test_it_is_of_this_name_and_form_only(self):
        assert refusal(identity.check_password, proof(email="other@coinport.com")).reason is Reason.UNAUTHENTICATED
        other_form = Proof("example@coinport.com", Form.PLAIN, RIGHT, "203.0.113.7")
        assert refusal(identity.check_password, other_form).reason is Reason.UNAUTHENTICATED


class TestSession:
    def begin(self):
        activated()
        return identity.begin_session(users.find(EMAIL), "203.0.113.7", "agent")

    def test_names_the_person_with_one_read(self, world):
        cookie = self.begin()
        world.calls.clear()
        assert identity.check_session(cookie).uid == "1000000001"
        assert world.calls == ["BatchGetItem"]

    def test_slides_with_at_most_one_write_a_minute(self, world):
        cookie = self.begin()
        for _ in range(100):
            world.now += 30_000
            world.calls.clear()
            identity.check_session(cookie)
            assert len(world.calls) <= 2
        world.now += 60 * MINUTE_MS
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_ends_after_sixty_minutes_of_silence(self, world):
        cookie = self.begin()
        world.now += 60 * MINUTE_MS - 1
        identity.check_session(cookie)
        world.now += 60 * MINUTE_MS
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_one_of_a_day_that_does_not_slide_ends_a_day_after_it_began(self, world):
        activated()
        cookie = identity.begin_session(users.find(EMAIL), "203.0.113.7", "agent", life_ms=rules.DAY_MS, slides=False)
        world.calls.clear()
        for _ in range(3):
            world.now += rules.DAY_MS // 4
            identity.check_session(cookie)
        assert world.calls == ["BatchGetItem"] * 3
        world.now += rules.DAY_MS // 4 - 1
        identity.check_session(cookie)
        world.now += 1
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_one_of_a_day_that_slides_goes_on_by_a_day(self, world):
        activated()
        cookie = identity.begin_session(users.find(EMAIL), "203.0.113.7", "agent", life_ms=rules.DAY_MS)
        for _ in range(3):
            world.now += rules.DAY_MS - 1
            identity.check_session(cookie)
        world.now += rules.DAY_MS
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_a_row_from_before_sessions_had_different_lives_slides_by_an_hour(self, world):
        cookie = self.begin()
        row = sessions.SessionRow("1000000001", rules.fingerprint(cookie))
        row.update(actions=[sessions.SessionRow.slides.remove()])
        world.now += 60 * MINUTE_MS - 1
        identity.check_session(cookie)
        world.now += 60 * MINUTE_MS - 1
        identity.check_session(cookie)
        world.now += 60 * MINUTE_MS
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_ends_with_logout_and_with_the_persons_epoch(self):
        first = self.begin()
        second = identity.begin_session(users.find(EMAIL), "203.0.113.7", "agent")
        identity.end_session(first)
        assert refusal(identity.check_session, first).reason is Reason.UNAUTHENTICATED
        identity.check_session(second)
        users.UserRow("1000000001").update(actions=[users.UserRow.auth_epoch.add(1)])
        assert refusal(identity.check_session, second).reason is Reason.UNAUTHENTICATED

    def test_a_session_that_ended_is_not_brought_back_by_a_request_under_way(self):
        cookie = self.begin()
        identity.end_session(cookie)
        sessions.extend("1000000001", rules.fingerprint(cookie), NOW + DAY_MS)
        assert refusal(identity.check_session, cookie).reason is Reason.UNAUTHENTICATED

    def test_forged_ones_are_refused(self):
        cookie = self.begin()
        uid, secret = cookie.split(".")
        other = activated(rules.email("other@coinport.com"))
        for forged in (f"{other}.{secret}", f"{uid}.{'A' * 43}", uid, secret, "", "1000000009." + secret):
            assert refusal(identity.check_session, forged).reason is Reason.UNAUTHENTICATED

    def test_ending_what_is_no_session_is_no_error(self):
        identity.end_session("")
        identity.end_session("1000000001." + "A" * 43)

    def test_a_disabled_account_is_unusable(self):
        cookie = self.begin()
        users.UserRow("1000000001").update(actions=[users.UserRow.standing.set(Standing.DISABLED.value)])
        assert refusal(identity.check_session, cookie).reason is Reason.ACCOUNT_UNUSABLE

    def test_what_is_left_unread_is_read_again(self, monkeypatch):
        cookie = self.begin()

        def half(call):
            answer = call()
            table = users.UserRow.Meta.table_name
            answer["Responses"].pop(table)
            answer["UnprocessedKeys"] = {table: {"Keys": [{"key": {"S": "1000000001"}}], "ConsistentRead": True}}
            return answer

        disturbed(monkeypatch, "BatchGetItem", half)
        assert identity.check_session(cookie).uid == "1000000001"


class TestApiTokens:
    def test_it_is_listed_signs_and_is_sealed(self):
        uid = activated()
        made = identity.add_api_token(uid)
        assert re.fullmatch("[0-9a-f]{32}", made.token)
        assert re.fullmatch("[0-9a-f]{32}", made.secret)
        assert identity.profile(uid).api_tokens == [made]
        vault.forget()
        assert (identity.signer(made.token).uid, identity.signer(made.token).secret) == (uid, made.secret)
        assert made.secret.encode() not in api_keys.get(made.token).sealed

    def test_the_oldest_is_listed_first(self, world):
        uid = activated()
        made = []
        for _ in range(5):
            made.append(identity.add_api_token(uid))
            world.now += 1
        assert identity.profile(uid).api_tokens == made

    def test_fifty_are_enough(self):
        uid = activated()
        for _ in range(49):
            identity.add_api_token(uid)
        results = at_once(*[lambda: identity.add_api_token(uid)] * 4)
        refused = [result.reason for result in results if isinstance(result, Refused)]
        assert refused == [Reason.TOO_MANY_API_TOKENS] * 3
        found = identity.profile(uid)
        assert len(found.api_tokens) == len(found.user.api_tokens) == 50

    def test_a_deleted_one_is_gone_at_once(self):
        uid = activated()
        made = identity.add_api_token(uid)
        assert identity.signer(made.token) is not None
        identity.delete_api_token(uid, made.token)
        assert identity.signer(made.token) is None
        assert identity.profile(uid).api_tokens == []

    def test_nobody_deletes_anothers_or_what_is_not_there(self):
        uid = activated()
        other = activated(rules.email("other@coinport.com"))
        made = identity.add_api_token(uid)
        for owner, token in ((other, made.token), (uid, "0" * 32), (uid, "")):
            refused = refusal(identity.delete_api_token, owner, token)
            assert (refused.reason, refused.parameter) == (Reason.PARAMETER_INVALID, "token")
        assert identity.profile(uid).api_tokens == [made]

    def test_lost_answers_change_nothing(self, monkeypatch):
        uid = activated()
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        made = identity.add_api_token(uid)
        assert identity.profile(uid).api_tokens == [made]
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        identity.delete_api_token(uid, made.token)
        assert identity.profile(uid).api_tokens == []

    def test_an_opened_secret_is_remembered_for_five_minutes(self, world, monkeypatch):
        made = identity.add_api_token(activated())
        time = [0]
        monkeypatch.setattr(clock, "monotonic_ms", lambda: time[0])
        for at, decrypted in ((0, True), (vault.REMEMBER_MS - 1, False), (vault.REMEMBER_MS, True)):
            time[0] = at
            world.calls.clear()
            assert identity.signer(made.token).secret == made.secret
            assert ("Decrypt" in world.calls) is decrypted

    def test_what_was_sealed_for_one_cannot_be_opened_for_another(self):
        sealed = vault.seal("secret", "1000000001")
        assert vault.unseal(sealed, "1000000001") == "secret"
        with pytest.raises(ClientError):
            vault.unseal(sealed, "1000000002")


def test_a_profile_of_nobody_is_refused():
    assert refusal(identity.profile, "1000000001").reason is Reason.NO_SUCH_USER


def test_mail_errors_do_not_name_the_receiver(monkeypatch):
    disturbed(monkeypatch, "SendEmail", fails)
    with pytest.raises(mail.Undelivered) as undelivered:
        mail.send("somebody@coinport.com", "subject", "text")
    assert "somebody" not in str(undelivered.value)
