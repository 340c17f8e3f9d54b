"""Identity as the router's document has it: names, codes, registration, login, logout; and the one path itself."""

import base64
import hashlib
import re

import pytest

from chalicelib.api.router import errors
from chalicelib.api.router.endpoint import METHODS
from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, MINUTE_MS, Standing
from chalicelib.services import identity
from chalicelib.stores import users
from tests.contract.client import Client
from tests.contract.document import contract
from tests.contract.router import RouterClient
from tests.planted import plant
from tests.post import mailed_code, mails

USER = "Example@coinport.com"
PASSWORD = plant("a horse, a battery and a staple")
NOBODY = "nobody@coinport.com"
#: The same password as coinport's clients send it.
PWDHASH = plant(base64.b64encode(hashlib.sha256(PASSWORD.encode()).digest()).decode())
BASIC = f"Basic {base64.b64encode(f'{USER}:{PWDHASH}'.encode()).decode()}"


@pytest.fixture
def anyone(app, cloud):
    """Somebody unknown, on empty tables."""
    return RouterClient(app)


def registered(client, user=USER, password=PASSWORD):
    client.done("make_valid_code", user=user)
    client.done("regeist_user", user=user, pass_=password, valid_code=mailed_code())


def logged_in(client, user=USER, password=PASSWORD):
    """A client with the session of somebody who just logged in."""
    reply = client.call("login", user=user, pass_=password)
    assert reply.body["status"], reply.body
    return RouterClient(client.app, {"Cookie": reply.cookies[0].partition(";")[0]})


class TestThePath:
    def test_every_method_of_the_document_is_there(self):
        listed = [name for name in contract() if " " not in name]
        assert set(METHODS) == set(listed)

    def test_without_a_method(self, stranger):
        client = RouterClient(stranger.app)
        for reply in (client.get("/router"), client.get("/router?router="), client.post("/router", "")):
            assert reply.body == {"status": False, "data": "", "description": "Lost Argument"}

    @pytest.mark.parametrize("name", ["get_ranks", "GET_RANK", "registe_user", "__class__", "\u0000"])
    def test_an_unknown_method(self, stranger, name):
        assert RouterClient(stranger.app).call(name, http="GET").body["description"] == "UnSupport Handler"
        assert RouterClient(stranger.app).call(name, http="POST").body["description"] == "UnSupport Handler"

    def test_a_path_below_it(self, stranger):
        assert RouterClient(stranger.app).get("/router/get_rank").body["description"] == "UnSupport Handler"

    @pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.changing))
    def test_what_changes_anything_is_not_to_be_had_by_get(self, stranger, name):
        arguments = dict.fromkeys(contract()[name]["arguments"], "1")
        assert RouterClient(stranger.app).refused(name, http="GET", **arguments) == "UnSupport Handler"

    @pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.changing))
    def test_what_changes_anything_is_not_to_be_had_by_another_sites_form(self, stranger, name):
        client = RouterClient(stranger.app, {"Sec-Fetch-Site": "cross-site"})
        assert client.refused(name, **dict.fromkeys(contract()[name]["arguments"], "1")) == "UnSupport Handler"

    @pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
    def test_ones_own_pages_may(self, anyone, site):
        anyone.headers = {"Sec-Fetch-Site": site}
        anyone.done("make_valid_code", user=USER)

    @pytest.mark.parametrize("place", ["query", "form", "json"])
    def test_arguments_may_come_in_any_place(self, anyone, place):
        assert anyone.call_as(place, "make_valid_code", user=USER).body["status"]
        assert len(mails()) == 1

    @pytest.mark.parametrize(
        "body", ['{"router": ["get_rank"]}', '{"router": null}', '{"router": 1}', '{"router": {}}']
    )
    def test_a_method_that_is_no_text(self, stranger, body):
        assert RouterClient(stranger.app).post("/router", body).body["description"] == "UnSupport Handler"

    @pytest.mark.parametrize("body", ["[]", "{", "a", "user=1&user=2", '{"user": NaN}', "user=%FF", b"\xff"])
    def test_a_body_that_is_none(self, stranger, body):
        reply = RouterClient(stranger.app).request("POST", "/router?router=check_exist_name", body=body)
        assert reply.body["description"] == "Invalid Argument"

    @pytest.mark.parametrize(
        "body", ['{"user": true}', '{"user": null}', '{"user": ["a"]}', '{"user": {}}', "user=a&more=1"]
    )
    def test_an_argument_that_is_none(self, stranger, body):
        reply = RouterClient(stranger.app).request("POST", "/router?router=check_exist_name", body=body)
        assert reply.body["description"] == "Invalid Argument"

    @pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.authenticated))
    def test_without_a_session(self, stranger, name):
        arguments = dict.fromkeys(contract()[name]["arguments"], "1")
        client = RouterClient(stranger.app)
        assert client.refused(name, **arguments) == "Please Login"
        client.headers = {"Cookie": "session=forged"}
        assert client.refused(name, **arguments) == "Please Login"

    def test_a_fault_of_ours_has_the_same_envelope(self, app, monkeypatch):
        class Client200(RouterClient):
            def check(self, _route, reply):
                assert reply.status == 200

        monkeypatch.setitem(METHODS, "get_rank", METHODS["check_exist_name"])
        monkeypatch.setattr(identity, "is_active", lambda *_: 1 / 0)
        reply = Client200(app).request("POST", f"/router?router=check_exist_name&user={USER}")
        assert reply.body["status"] is False
        assert reply.body["description"] == "Internal Except"
        assert re.fullmatch(r"[0-9a-f-]+", reply.body["data"]), "the id under which the logs have it"

    def test_every_text_is_one_of_the_documents_or_of_ours(self):
        said = set(errors.SPELLINGS.values()) | {text for row in errors.BY_METHOD.values() for text in row.values()}
        seen = {
            "Please Login", "Invalid Argument", "This User was not Active", "Is illegal User Name", "User has Regedit",
            "Valid Code Expire", "Valid Code Error", "User has not Regedit", "User or Password incorrect",
            "Not Found Symbols", "User Coin Amount Less", "Make Order Except", "User not Bind Withdraw Address",
            "Withdraw Except", "UnSupport Coin", "No Bind", "Lost Argument", "UnSupport Handler",
        }  # fmt: skip
        assert said == seen | {"Too Often", "Internal Except"}
        assert set(errors.BY_METHOD) <= set(METHODS)


class TestCheckExistName:
    def test_whose_name_is_active(self, anyone):
        assert anyone.refused("check_exist_name", user=USER) == "User has not Regedit"
        registered(anyone)
        assert anyone.done("check_exist_name", user=USER.upper()) == ""

    def test_whose_name_is_not(self, anyone):
        Client(anyone.app).post("/api/v2/register", {"email": USER, "pwdhash": "A" * 43 + "="})
        assert anyone.refused("check_exist_name", user=USER) == "User has not Regedit"

    @pytest.mark.parametrize("name", ["root", "a@b", "a b@c.de", "名@例.cn", "a@b.cc\n", "x" * 300 + "@b.cc"])
    def test_what_is_no_name(self, stranger, name):
        assert RouterClient(stranger.app).refused("check_exist_name", user=name) == "Is illegal User Name"

    def test_without_a_name(self, stranger):
        assert RouterClient(stranger.app).refused("check_exist_name", user="") == "Lost Argument"

    def test_nobody_goes_through_a_list(self, anyone, time):
        asked = [anyone.refused("check_exist_name", user=f"a{number}@b.cc") for number in range(11)]
        assert asked == ["User has not Regedit"] * 10 + ["Too Often"]
        anyone.ip = "203.0.113.8"
        assert anyone.refused("check_exist_name", user=NOBODY) == "User has not Regedit"
        anyone.ip = "203.0.113.7"
        time[0] += MINUTE_MS
        assert anyone.refused("check_exist_name", user=NOBODY) == "User has not Regedit"


class TestMakeValidCode:
    def test_a_code_is_mailed_and_never_shown(self, anyone):
        reply = anyone.call("make_valid_code", user=USER)
        assert reply.body["status"]
        (mail,) = mails()
        assert mail.destinations["ToAddresses"] == [USER]
        assert mailed_code() not in reply.text

    def test_the_answer_is_the_same_when_the_name_is_taken_but_no_code_comes(self, anyone, time):
        first = anyone.call("make_valid_code", user=USER)
        anyone.done("regeist_user", user=USER, pass_=PASSWORD, valid_code=mailed_code())
        time[0] += MINUTE_MS
        assert anyone.call("make_valid_code", user=USER).text == first.text
        notice = mails()[-1]
        assert not re.search(r"(?<!\d)\d{6}(?!\d)", notice.body)

    def test_once_a_minute(self, anyone, time):
        anyone.done("make_valid_code", user=USER)
        assert anyone.refused("make_valid_code", user=USER) == "Too Often"
        time[0] += MINUTE_MS
        anyone.done("make_valid_code", user=USER)

    def test_what_is_no_name(self, stranger):
        assert RouterClient(stranger.app).refused("make_valid_code", user="root") == "Is illegal User Name"


class TestRegeistUser:
    def test_a_person_is_there_at_once(self, anyone):
        registered(anyone)
        user = identity.find(rules.email(USER))
        assert user.standing is Standing.ACTIVE
        assert user.email_verified
        logged_in(anyone)

    def test_a_person_from_here_logs_in_to_coinport_too(self, anyone):
        registered(anyone)
        assert Client(anyone.app).get("/api/v2/user/balance", Authorization=BASIC).code == 0

    def test_a_wrong_code(self, anyone):
        anyone.done("make_valid_code", user=USER)
        wrong = f"{(int(mailed_code()) + 1) % 10**6:06}"
        for code in (wrong, "", "12345", "abcdef", "１２３４５６"):
            expected = "Lost Argument" if not code else "Valid Code Error"
            assert anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code=code) == expected
        assert identity.find(rules.email(USER)) is None
        anyone.done("regeist_user", user=USER, pass_=PASSWORD, valid_code=mailed_code())

    def test_five_wrong_codes_spoil_it(self, anyone):
        anyone.done("make_valid_code", user=USER)
        code = mailed_code()
        wrong = f"{(int(code) + 1) % 10**6:06}"
        for _ in range(5):
            assert anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code=wrong) == "Valid Code Error"
        assert anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code=code) == "Valid Code Error"

    def test_after_five_minutes(self, anyone, time):
        anyone.done("make_valid_code", user=USER)
        code = mailed_code()
        time[0] += 5 * MINUTE_MS
        assert anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code=code) == "Valid Code Expire"

    def test_a_moment_before(self, anyone, time):
        anyone.done("make_valid_code", user=USER)
        code = mailed_code()
        time[0] += 5 * MINUTE_MS - 1
        anyone.done("regeist_user", user=USER, pass_=PASSWORD, valid_code=code)

    def test_without_having_asked_for_a_code(self, anyone):
        answer = anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code="123456")
        assert answer == "Valid Code Expire"

    def test_a_code_asked_for_under_another_spelling(self, anyone):
        anyone.done("make_valid_code", user=USER.title())
        anyone.done("regeist_user", user=USER, pass_=PASSWORD, valid_code=mailed_code())

    def test_only_the_newest_code_counts(self, anyone, time):
        anyone.done("make_valid_code", user=USER)
        old = mailed_code()
        time[0] += MINUTE_MS
        anyone.done("make_valid_code", user=USER)
        if old != mailed_code():
            answer = anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code=old)
            assert answer == "Valid Code Error"
        anyone.done("regeist_user", user=USER, pass_=PASSWORD, valid_code=mailed_code())

    def test_anothers_code(self, anyone):
        anyone.done("make_valid_code", user=USER)
        code = mailed_code()
        anyone.done("make_valid_code", user=NOBODY)
        answer = anyone.refused("regeist_user", user=NOBODY, pass_=PASSWORD, valid_code=code)
        assert answer == "Valid Code Error" or code == mailed_code()

    def test_a_code_is_good_once(self, anyone):
        registered(anyone)
        answer = anyone.refused("regeist_user", user=USER, pass_=PASSWORD, valid_code=mailed_code())
        assert answer == "Valid Code Error"

    def test_a_name_that_was_taken_meanwhile(self, anyone):
        anyone.done("make_valid_code", user="a.b@gmail.com")
        code = mailed_code()
        Client(anyone.app).post("/api/v2/register", {"email": "ab+x@gmail.com", "pwdhash": "A" * 43 + "="})
        answer = anyone.refused("regeist_user", user="a.b@gmail.com", pass_=PASSWORD, valid_code=code)
        assert answer == "User has Regedit"

    @pytest.mark.parametrize("password", ["12345", "x" * 129])
    def test_a_password_too_short_or_too_long(self, anyone, password):
        anyone.done("make_valid_code", user=USER)
        answer = anyone.refused("regeist_user", user=USER, pass_=password, valid_code=mailed_code())
        assert answer == "Invalid Argument"

    def test_a_password_of_any_letters(self, anyone):
        registered(anyone, password="密码 &=+%🐎")
        logged_in(anyone, password="密码 &=+%🐎")

    @pytest.mark.parametrize("lost", ["user", "pass", "valid_code"])
    def test_a_lost_argument(self, stranger, lost):
        arguments = {"user": USER, "pass": PASSWORD, "valid_code": "123456"}
        del arguments[lost]
        assert RouterClient(stranger.app).refused("regeist_user", **arguments) == "Lost Argument"

    def test_what_is_no_name(self, stranger):
        answer = RouterClient(stranger.app).refused("regeist_user", user="root", pass_=PASSWORD, valid_code="123456")
        assert answer == "Is illegal User Name"


class TestLogin:
    def test_the_cookie(self, anyone):
        registered(anyone)
        reply = anyone.call("login", user=USER, pass_=PASSWORD)
        (cookie,) = reply.cookies
        pair, *attributes = cookie.split("; ")
        assert re.fullmatch(r"session=[1-9][0-9]{9}\.[A-Za-z0-9_-]{43}", pair)
        assert attributes == ["Max-Age=86400", "Path=/", "HttpOnly", "SameSite=Lax"]
        plant(pair)

    def test_a_wrong_name_and_a_wrong_password_are_answered_alike(self, anyone):
        registered(anyone)
        wrong = anyone.call("login", user=USER, pass_="wrong password")
        unknown = anyone.call("login", user=NOBODY, pass_=PASSWORD)
        assert wrong.text == unknown.text
        assert wrong.body["description"] == "User or Password incorrect"
        assert wrong.cookies == []

    def test_the_ladder_holds_here_too(self, anyone):
        registered(anyone)
        said = [anyone.refused("login", user=USER, pass_="wrong password") for _ in range(5)]
        assert said == ["User or Password incorrect"] * 3 + ["Too Often"] * 2
        assert anyone.refused("login", user=USER, pass_=PASSWORD) == "Too Often"

    def test_who_was_not_activated(self, anyone):
        Client(anyone.app).post("/api/v2/register", {"email": USER, "pwdhash": PWDHASH})
        assert anyone.refused("login", user=USER, pass_=PASSWORD) == "This User was not Active"

    def test_who_was_disabled_since(self, anyone):
        registered(anyone)
        someone = logged_in(anyone)
        uid = identity.find(rules.email(USER)).uid
        users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.DISABLED)])
        assert someone.refused("get_user_coin") == "This User was not Active"

    def test_what_is_no_name(self, stranger):
        assert RouterClient(stranger.app).refused("login", user="root", pass_=PASSWORD) == "Is illegal User Name"

    @pytest.mark.parametrize("lost", ["user", "pass"])
    def test_a_lost_argument(self, stranger, lost):
        arguments = {"user": USER, "pass": PASSWORD}
        del arguments[lost]
        assert RouterClient(stranger.app).refused("login", **arguments) == "Lost Argument"


class TestSession:
    def test_it_ends_a_day_after_the_login_whatever_is_done_in_it(self, anyone, time):
        registered(anyone)
        someone = logged_in(anyone)
        for _ in range(3):
            time[0] += DAY_MS // 4
            someone.done("get_user_coin")
        time[0] += DAY_MS // 4 - 1
        someone.done("get_user_coin")
        time[0] += 1
        assert someone.refused("get_user_coin") == "Please Login"

    def test_it_is_good_in_coinport_and_coinports_is_good_here(self, anyone, time):
        registered(anyone)
        someone = logged_in(anyone)
        time[0] += 2 * 60 * MINUTE_MS  # longer than coinport's own sessions last
        assert Client(anyone.app, someone.headers).get("/api/v2/user/balance").code == 0
        login = Client(anyone.app).get("/api/v2/login", Authorization=BASIC)
        theirs = RouterClient(anyone.app, {"Cookie": login.cookies[0].partition(";")[0]})
        theirs.done("get_user_coin")
        time[0] += 60 * MINUTE_MS
        assert theirs.refused("get_user_coin") == "Please Login"
        someone.done("get_user_coin")

    def test_logout_ends_it_everywhere(self, anyone):
        registered(anyone)
        someone, other = logged_in(anyone), logged_in(anyone)
        reply = someone.call("logout")
        assert reply.body == {"status": True, "data": "", "description": ""}
        assert reply.cookies[0].startswith("session=; Max-Age=0;")
        assert someone.refused("get_user_coin") == "Please Login"
        assert someone.refused("logout") == "Please Login"
        assert Client(anyone.app, someone.headers).get("/api/v2/user/balance").code == 1014
        other.done("get_user_coin")
