"""Registration by a code over moto: people who are known by mobile, by e-mail, or by nothing; and that nothing tells who is."""

from collections import Counter

import pytest

from chalicelib.core import identity as rules
from chalicelib.core.identity import MINUTE_MS, Channel, Form, Purpose, Standing
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.services.identity import Entry, Given, Proof, SentCode
from chalicelib.stores import accounts, codes, users
from tests.post import mailed_code, mails, queued, texted_code, texts
from tests.services.test_identity import at_once, disturbed, refusal, sent_twice, world  # noqa: F401 - a fixture

EMAIL = rules.email("Ann@coinport.com")
MOBILE = Mobile("86", "13873647282")
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"
IP = "203.0.113.7"


def coded(name, purpose=Purpose.SIGN_UP, ip=IP):
    """A code as it was sent to a name."""
    order_id = identity.send_sign_up_code(name, ip, "en", purpose=purpose)
    return SentCode(order_id, texted_code() if isinstance(name, Mobile) else mailed_code())


def signed_up(name=EMAIL, **fields):
    return identity.sign_up(Entry(name, "en", secret=MD5, **fields), coded(name))


class TestSignUp:
    def test_by_e_mail(self):
        uid = signed_up()
        user = users.find(EMAIL)
        assert (user.uid, user.email, user.email_verified) == (uid, "Ann@coinport.com", True)
        assert (user.standing, user.registered_by) == (Standing.ACTIVE, Channel.MAIL)
        assert accounts.get(uid).available == {}
        assert identity.check_password(Proof("ann@coinport.com", Form.MD5_HEX, MD5.upper(), IP)).uid == uid

    def test_by_mobile(self):
        uid = signed_up(MOBILE)
        user = identity.find(MOBILE)
        assert (user.uid, user.email, user.email_verified) == (uid, "", False)
        assert (user.mobile_verified, identity.mobile_of(user)) == (True, "+8613873647282")
        assert user.registered_by is Channel.SMS
        assert b"13873647282" not in user.sealed_mobile

    def test_without_a_password(self):
        uid = identity.sign_up(Entry(EMAIL, "en"), coded(EMAIL))
        assert users.get(uid).credentials == {}
        assert refusal(identity.check_password, Proof(EMAIL.typed, Form.MD5_HEX, MD5, IP)).reason is (
            Reason.UNAUTHENTICATED
        )

    def test_without_a_name(self):
        uid = identity.sign_up(Entry(None, "zh", source="partner"), None)
        user = users.get(uid)
        assert (user.registered_by, user.source, user.email, user.mobile_verified) == (None, "partner", "", False)
        assert accounts.get(uid) is not None

    def test_plain_text_gives_every_form(self):
        uid = identity.sign_up(Entry(EMAIL, "en", Form.PLAIN, "password"), coded(EMAIL))
        for form, secret in rules.spellings(Form.PLAIN, "password").items():
            assert identity.check_password(Proof(EMAIL.typed, form, secret, IP)).uid == uid

    def test_steps_are_part_of_it(self):
        def never(transaction):
            transaction.condition_check(users.UserRow, "nobody", users.UserRow.key.exists())

        code = coded(EMAIL)
        with pytest.raises(Exception, match=r"."):
            identity.sign_up(Entry(EMAIL, "en", secret=MD5), code, steps=(never,))
        assert users.find(EMAIL) is None
        assert identity.sign_up(Entry(EMAIL, "en", secret=MD5), code)

    def test_the_code_is_what_it_is_for_and_to_whom(self):
        code = coded(EMAIL)
        other = rules.email("bob@coinport.com")
        entry = Entry(EMAIL, "en", secret=MD5)
        for call in (
            lambda: identity.sign_up(Entry(other, "en", secret=MD5), code),
            lambda: identity.sign_up(entry, SentCode(code.id, "000000" if code.code != "000000" else "000001")),
            lambda: identity.sign_up(entry, code, purpose=Purpose.QUICK_SIGN_UP),
            lambda: identity.sign_up(entry, SentCode("123456789012345", code.code)),
            lambda: identity.sign_up(entry, None),
        ):
            assert refusal(call).reason is Reason.EMAIL_CODE
        identity.sign_up(entry, code)

    @pytest.mark.parametrize(
        ("asked", "given"),
        [
            ("Ann@Coinport.com", "ann@coinport.com"),
            ("ann@coinport.com", "ANN@coinport.COM"),
            ("a.nn+x@gmail.com", "Ann@googlemail.com"),
            ("ann+x@outlook.com", "Ann@outlook.com"),
        ],
    )
    def test_the_code_is_the_mailboxs_however_it_is_written(self, asked, given):
        code = coded(rules.email(asked))
        assert mails()[-1].destinations["ToAddresses"] == [asked], "mail goes where it was asked for"
        uid = identity.sign_up(Entry(rules.email(given), "en", secret=MD5), code)
        assert users.get(uid).email == given

    def test_a_code_works_once_and_for_ten_minutes(self, world):  # noqa: F811
        signed_up()
        code = coded(MOBILE)
        world.now += 10 * MINUTE_MS
        assert refusal(identity.sign_up, Entry(MOBILE, "en"), code).reason is Reason.SMS_CODE
        world.now -= 1
        identity.sign_up(Entry(MOBILE, "en"), code)
        assert refusal(identity.sign_up, Entry(MOBILE, "en"), code).reason is Reason.SMS_CODE

    def test_a_shorter_life_is_the_senders_choice(self, world):  # noqa: F811
        order_id = identity.send_sign_up_code(EMAIL, IP, "en", life_ms=5 * MINUTE_MS)
        code = SentCode(order_id, mailed_code())
        assert "5 minutes" in mails()[-1].body
        world.now += 5 * MINUTE_MS
        assert refusal(identity.sign_up, Entry(EMAIL, "en"), code).reason is Reason.EMAIL_CODE

    def test_a_used_name_is_told_only_after_the_code(self, world):  # noqa: F811
        first, second = coded(EMAIL), None
        world.now += MINUTE_MS
        second = coded(EMAIL)
        identity.sign_up(Entry(EMAIL, "en", secret=MD5), first)
        wrong = SentCode(second.id, first.code)
        if wrong.code != second.code:
            assert refusal(identity.sign_up, Entry(EMAIL, "en"), wrong).reason is Reason.EMAIL_CODE
        refused = refusal(identity.sign_up, Entry(EMAIL, "en"), second)
        assert (refused.reason, refused.parameter) == (Reason.ALREADY_REGISTERED, "email")

    def test_invitations(self):
        ann = signed_up()
        invited = identity.sign_up(Entry(MOBILE, "en", invite_code=users.get(ann).invite_code.lower()), coded(MOBILE))
        assert (users.get(invited).inviter, users.get(invited).second_inviter) == (ann, "")
        third = rules.email("third@coinport.com")
        uid = identity.sign_up(Entry(third, "en", invite_code=users.get(invited).invite_code), coded(third))
        assert (users.get(uid).inviter, users.get(uid).second_inviter) == (invited, ann)

    def test_an_unknown_invite_code_refuses_and_leaves_the_code(self):
        code = coded(EMAIL)
        assert refusal(identity.sign_up, Entry(EMAIL, "en", invite_code="NOBODY"), code).reason is Reason.INVITE_CODE
        identity.sign_up(Entry(EMAIL, "en"), code)

    def test_one_code_at_once_makes_one_person(self):
        code = coded(MOBILE)
        results = at_once(*[lambda: identity.sign_up(Entry(MOBILE, "en", secret=MD5), code)] * 5)
        uids = [result for result in results if isinstance(result, str)]
        assert uids == [identity.find(MOBILE).uid]
        refusals = {result.reason for result in results if not isinstance(result, str)}
        assert refusals <= {Reason.SMS_CODE, Reason.ALREADY_REGISTERED}
        assert [account.uid for account in accounts.scan()] == uids

    def test_two_codes_at_once_make_one_person(self, world):  # noqa: F811
        first = coded(MOBILE)
        world.now += MINUTE_MS
        second = coded(MOBILE)
        results = at_once(*[lambda code=code: identity.sign_up(Entry(MOBILE, "en"), code) for code in (first, second)])
        assert Counter(type(result) for result in results) == {str: 1, Refused: 1}

    def test_a_lost_answer_is_no_duplicate(self, monkeypatch):
        code = coded(EMAIL)
        disturbed(monkeypatch, "TransactWriteItems", sent_twice)
        assert identity.sign_up(Entry(EMAIL, "en"), code) == users.find(EMAIL).uid

    def test_a_code_that_ran_out_while_the_person_was_written_is_wrong(self, monkeypatch):
        code = coded(EMAIL)

        def used(call):
            codes.CodeRow(f"code:{code.id}").update(actions=[codes.CodeRow.used_by.set("another")])
            return call()

        disturbed(monkeypatch, "TransactWriteItems", used)
        assert refusal(identity.sign_up, Entry(EMAIL, "en"), code).reason is Reason.EMAIL_CODE
        assert users.find(EMAIL) is None


class TestSending:
    def test_ids_are_numbers_that_any_reader_of_json_keeps(self):
        order_id = identity.send_sign_up_code(EMAIL, IP, "en")
        assert order_id.isdigit()
        assert len(order_id) == 15
        assert int(order_id) < 2**53
        assert order_id[-3:] in mails()[-1].body

    @pytest.mark.parametrize("name", [EMAIL, MOBILE], ids=["email", "mobile"])
    @pytest.mark.parametrize("purpose", [Purpose.SIGN_UP, Purpose.QUICK_SIGN_UP])
    def test_a_registered_receiver_gets_a_notice_for_the_same_work(self, world, name, purpose):  # noqa: F811
        identity.send_sign_up_code(rules.email("first@coinport.com"), IP, "en")  # whoever is first makes the HMAC key
        work = []
        for _ in range(2):
            world.calls.clear()
            order_id = identity.send_sign_up_code(name, IP, "en", purpose=purpose)
            work.append(list(world.calls))
            assert len(order_id) == 15
            arrived = (mails() if name is EMAIL else texts())[-1].body
            if len(work) == 1:
                code = SentCode(order_id, texted_code() if name is MOBILE else mailed_code())
                identity.sign_up(Entry(name, "en"), code, purpose=purpose)
                world.now += MINUTE_MS
            else:
                assert "an account already" in arrived
                assert order_id[-3:] not in arrived
        assert work[0] == work[1]

    def test_the_notice_is_in_chinese_too(self, world):  # noqa: F811
        signed_up()
        world.now += MINUTE_MS
        identity.send_sign_up_code(EMAIL, IP, "zh")
        assert mails()[-1].subject == "您已注册币丰港账号"

    def test_every_spelling_of_a_mailbox_waits_its_minute(self):
        identity.send_sign_up_code(rules.email("john@gmail.com"), IP, "en")
        assert refusal(identity.send_sign_up_code, rules.email("J.ohn@gmail.com"), IP, "en").reason is (
            Reason.CODE_TOO_OFTEN
        )

    def test_twenty_an_hour_from_an_address(self):
        for number in range(20):
            identity.send_sign_up_code(rules.email(f"p{number}@coinport.com"), IP, "en")
        refused = refusal(identity.send_sign_up_code, rules.email("p20@coinport.com"), IP, "en")
        assert refused.reason is Reason.CODE_TOO_OFTEN

    def test_no_code_is_stored_or_queued_in_the_clear(self):
        order_id = identity.send_sign_up_code(MOBILE, IP, "en")
        (body,) = queued()
        row = codes.CodeRow.get(f"code:{order_id}")
        assert "13873647282" not in body
        assert row.uid == codes.NOBODY
        assert len(bytes(row.mac)) == 32


class TestWithoutEmail:
    """What asks for a mailed code elsewhere."""

    def test_a_withdrawal_asks_for_a_texted_code_instead(self):
        uid = signed_up(MOBILE)
        refused = refusal(identity.prove, uid, Given())
        assert (refused.reason, refused.parameter) == (Reason.PARAMETER_MISSING, "phoneCode")
        sent = identity.send_verification(uid, [Channel.SMS], IP)
        proven = identity.prove(uid, Given(phone=SentCode(sent[Channel.SMS], texted_code())))
        assert len(proven.proofs) == 1

    def test_with_an_email_it_asks_for_that(self):
        uid = signed_up()
        assert refusal(identity.prove, uid, Given()).parameter == "emailCode"

    def test_a_mailed_code_cannot_be_sent(self):
        uid = signed_up(MOBILE)
        assert refusal(identity.send_verification, uid, [Channel.MAIL], IP).reason is Reason.EMAIL_UNVERIFIED

    def test_the_coinport_way_of_changing_a_password_is_not_theirs(self):
        uid = signed_up(MOBILE)
        proof = Proof("ann@coinport.com", Form.SHA256_BASE64, "x", IP)
        refused = refusal(identity.change_password, uid, "", proof, "y")
        assert (refused.reason, refused.parameter) == (Reason.PARAMETER_INVALID, "email")

    def test_another_mobile_needs_a_code_of_the_first(self):
        uid = signed_up(MOBILE)
        order_id = identity.send_bind_code(uid, "+8613812345678", IP)
        new = SentCode(order_id, texted_code())
        assert refusal(identity.bind_mobile, uid, "", "+8613812345678", new, None).parameter == "verifyCodeOld"
