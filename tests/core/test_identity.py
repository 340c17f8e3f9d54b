"""The rules of identity, without I/O."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import identity as rules
from chalicelib.core.identity import HOUR_MS, MINUTE_MS, Session, Standing, User, Window
from chalicelib.core.reasons import Reason, Refused


class TestEmail:
    @pytest.mark.parametrize(
        ("typed", "mailbox"),
        [
            ("example@coinport.com", "example@coinport.com"),
            ("Example@CoinPort.COM", "example@coinport.com"),
            ("J.o.h.n+spam@gmail.com", "john@gmail.com"),
            ("john@googlemail.com", "john@gmail.com"),
            ("jo.hn+x@outlook.com", "jo.hn@outlook.com"),
            ("john+x+y@hotmail.co.uk", "john@hotmail.co.uk"),
            ("jo.hn+x@example.com", "jo.hn+x@example.com"),
            ("john+x@hotmail.evil.example", "john+x@hotmail.evil.example"),
            ("a@xn--fsqu00a.xn--0zwm56d", "a@xn--fsqu00a.xn--0zwm56d"),
            ("o'brien_{x}@a-b.c1.org", "o'brien_{x}@a-b.c1.org"),
        ],
    )
    def test_mail_goes_to_the_address_as_typed_and_the_mailbox_is_one_person(self, typed, mailbox):
        address = rules.email(typed)
        assert (address.typed, address.mailbox) == (typed, mailbox)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "@",
            "example",
            "example@",
            "@coinport.com",
            "example@coinport",
            "example@coinport.c",
            "example@127.0.0.1",
            "example@[127.0.0.1]",
            "a@b@coinport.com",
            "example＠coinport.com",  # full-width @
            "example@coinport．com",  # full-width dot
            "exаmple@coinport.com",  # Cyrillic а
            "example@coinport.com\n",
            "example@coinport.com\r\nBcc: x@y.com",
            "exam\x00ple@coinport.com",
            "exam\u200bple@coinport.com",
            "\u202eexample@coinport.com",
            " example@coinport.com",
            "example@coinport.com ",
            '"quoted name"@coinport.com',
            "example@coinport.com (comment)",
            ".example@coinport.com",
            "exam..ple@coinport.com",
            "example.@coinport.com",
            "example@-coinport.com",
            "example@coinport-.com",
            "example@coinport..com",
            "ſample@coinport.com",  # lower-cases to nothing ASCII, upper-cases to S
            "example@coinport.KOM".replace("K", "\u212a"),  # the Kelvin sign lower-cases to k
            "+tag@gmail.com",
            "+tag@outlook.com",
            "a" * 65 + "@coinport.com",
            "a@" + "b" * 64 + ".com",
            "a@" + "b." * 130 + "com",
            "<example@coinport.com>",
            "a,b@coinport.com",
        ],
    )
    def test_what_is_no_address_is_refused_by_format(self, text):
        with pytest.raises(Refused) as refused:
            rules.email(text)
        assert (refused.value.reason, refused.value.parameter) == (Reason.EMAIL_FORMAT, "email")

    @given(st.text(max_size=300))
    def test_any_text_is_an_address_or_refused(self, text):
        try:
            address = rules.email(text)
        except Refused:
            return
        assert address.mailbox.isascii()
        assert address.mailbox == rules.email(address.mailbox).mailbox

    def test_a_long_text_costs_nothing(self):
        with pytest.raises(Refused):
            rules.email("a." * 500_000 + "@x.com")


class TestPwdhash:
    def test_the_documents_example(self):
        example = "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="
        assert base64.b64encode(hashlib.sha256(b"cppwdtest").digest()).decode() == example
        assert rules.pwdhash(example) == example

    def test_every_spelling_of_the_same_bytes_is_one_password(self):
        example = "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="
        assert rules.pwdhash(example[:-2] + "R=") == example  # two bits that mean nothing

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "secret",
            "=",
            "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ",
            "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj_BfaGdfGNDgQ=",
            "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ=\n",
            " G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ=",
            "1b8d432b68b2f0e9b37538298cf29716f23cdb023a0848ff05f68675f18d0e04",
            "AAAA",
            "A" * 88,
            "密码",
        ],
    )
    def test_anything_but_32_bytes_is_refused(self, text):
        with pytest.raises(Refused) as refused:
            rules.pwdhash(text)
        assert (refused.value.reason, refused.value.parameter) == (Reason.PASSWORD_FORMAT, "pwdhash")


class TestTokens:
    def test_a_mailed_token_has_forty_letters_and_digits(self):
        token = rules.mailed_token(bytes(range(25)))
        assert len(token) == 40
        assert rules.is_mailed_token(token)

    @pytest.mark.parametrize("text", ["", "A" * 39, "A" * 41, "a" * 40, "1" * 40, "A" * 39 + "\n", "Ａ" * 40])
    def test_other_texts_are_none(self, text):
        assert not rules.is_mailed_token(text)

    def test_a_cookie_says_whose_it_is(self):
        cookie = rules.session_cookie("1000000001", bytes(32))
        assert rules.session_parts(cookie) == ("1000000001", "A" * 43)

    @pytest.mark.parametrize(
        "cookie",
        ["", ".", "1000000001", "1000000001.", "0000000001." + "A" * 43, "1000000001." + "A" * 44, "x." + "A" * 43],
    )
    def test_a_cookie_that_cannot_be_ours_is_none(self, cookie):
        assert rules.session_parts(cookie) is None


class TestSessions:
    USER = User(
        uid="1000000001", email="a@b.cc", email_verified=True, sealed_mobile=b"", mobile_verified=False, totp_enabled=False,
        standing=Standing.ACTIVE, auth_epoch=3, credentials={}, api_tokens=frozenset(), language="en", created=0,
    )  # fmt: skip

    def test_it_holds_until_the_ms_it_expires(self):
        session = Session(uid="1000000001", epoch=3, expires=1000)
        assert rules.session_holds(session, self.USER, 999)
        assert not rules.session_holds(session, self.USER, 1000)

    def test_it_ends_with_the_persons_epoch(self):
        assert not rules.session_holds(Session(uid="1000000001", epoch=2, expires=1000), self.USER, 0)

    def test_nobodys_does_not_hold(self):
        assert not rules.session_holds(None, self.USER, 0)
        assert not rules.session_holds(Session(uid="1000000001", epoch=3, expires=1000), None, 0)

    def test_it_is_written_at_most_once_a_minute(self):
        session = Session(uid="1000000001", epoch=3, expires=60 * MINUTE_MS)
        assert not rules.session_slides(session, MINUTE_MS - 1)
        assert rules.session_slides(session, MINUTE_MS)

    def test_one_with_a_day_slides_by_a_day_and_one_that_does_not_slide_never_does(self):
        day = Session(uid="1000000001", epoch=3, expires=rules.DAY_MS, slides_ms=rules.DAY_MS)
        assert not rules.session_slides(day, MINUTE_MS - 1)
        assert rules.session_slides(day, MINUTE_MS)
        fixed = Session(uid="1000000001", epoch=3, expires=rules.DAY_MS, slides_ms=0)
        assert not any(rules.session_slides(fixed, now) for now in (0, MINUTE_MS, rules.DAY_MS - 1))


class TestLadder:
    def test_three_two_one_then_locked(self):
        answers = [rules.login_failed(failures) for failures in (1, 2, 3, 4, 5)]
        assert [answer.data["canRetryTime"] for answer in answers] == [3, 2, 1, 0, 0]
        assert [answer.reason for answer in answers] == [Reason.UNAUTHENTICATED] * 3 + [Reason.LOGIN_LOCKED] * 2


class TestRates:
    def test_sixty_seconds_between_sends(self):
        assert rules.after_send([0], MINUTE_MS - 1, rules.RECEIVER_WINDOWS) is None
        assert rules.after_send([0], MINUTE_MS, rules.RECEIVER_WINDOWS) == [0, MINUTE_MS]

    def test_five_an_hour(self):
        times = [minute * MINUTE_MS for minute in (0, 2, 4, 6, 8)]
        assert rules.after_send(times, HOUR_MS - 1, rules.RECEIVER_WINDOWS) is None
        assert rules.after_send(times, HOUR_MS, rules.RECEIVER_WINDOWS) is not None

    def test_ten_a_day_and_what_is_older_is_forgotten(self):
        times = [hour * HOUR_MS for hour in range(10)]
        assert rules.after_send(times, 23 * HOUR_MS, rules.RECEIVER_WINDOWS) is None
        assert rules.after_send(times, 24 * HOUR_MS, rules.RECEIVER_WINDOWS) == [*times[1:], 24 * HOUR_MS]

    @given(st.lists(st.integers(0, 10_000), max_size=60))
    def test_no_window_is_ever_overfull(self, steps):
        windows = (Window(100, 1), Window(1_000, 4), Window(5_000, 9))
        kept, sent, now = [], [], 0
        for step in steps:
            now += step
            after = rules.after_send(kept, now, windows)
            if after is not None:
                kept = after
                sent.append(now)
        for window in windows:
            for start in sent:
                assert sum(start <= time < start + window.span_ms for time in sent) <= window.sends_max
