"""OAuth over HTTP: authorize as in the document, the exchange as in RFC 6749, the person as in RFC 6750."""

import base64

import pytest

from chalicelib.api.broker import consent
from chalicelib.services import oauth
from chalicelib.stores import users
from tests.contract.broker import Browser
from tests.core.test_oauth import CHALLENGE, VERIFIER
from tests.faults.injection import Faults, injected

AUTHORIZE, TOKEN, INFO = "/api/oauth2/authorize", "/api/oauth2/access_token", "/api/oauth2/user_info"
URI = "https://www.bhex.us/s_api/basic/config"
#: What the id of no application is: DynamoDB takes keys of 2048 bytes, and answers longer ones with an error of its own.
NO_IDS = ["x", "x" * 2048, "字" * 1000, "A" * 32, "0" * 31]


class Application:
    """An application with its secret, and people who consent."""

    def __init__(self, exchange):
        made = oauth.register("BHEX", "https://bhex.us/")
        self.id, self.secret = made.client.id, made.secret
        self.exchange = exchange
        self.browser = Browser(exchange.app)

    def authorize(self, **more):
        body = {"response_type": "code", "client_id": self.id, "redirect_uri": URI, "state": "SELECT", **more}
        return self.browser.post(AUTHORIZE, body, Accept_Language=more.pop("language", "zh"))

    def code(self, uid=None, **more):
        """The code of somebody's consent."""
        person = users.get(uid or self.exchange.person().uid)
        return oauth.consent(self.authorize(**more).body["requestId"], person).code

    def exchanged(self, good, headers=None, **more):
        body = {
            "grant_type": "authorization_code",
            "code": good,
            "redirect_uri": URI,
            "client_id": self.id,
            "client_secret": self.secret,
            **more,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return self.browser.post(TOKEN, body, **(headers or {}))

    def info(self, token, scheme="Bearer"):
        return self.browser.get(INFO, Authorization=f"{scheme} {token}")


@pytest.fixture
def app_(exchange):
    return Application(exchange)


class TestAuthorize:
    def test_tells_what_is_asked_for(self, app_):
        answer = app_.authorize(scope="get_user_info").body
        assert len(answer["requestId"]) == 32
        assert (answer["brokerName"], answer["appName"]) == ("COINPORT", "BHEX")
        assert answer["functions"] == [{"id": "1", "function": "get_user_info", "name": "查询用户信息"}]
        assert app_.authorize(language="en").body["functions"][0]["name"].isascii()

    def test_applications_are_other_sites(self, app_):
        app_.browser.headers["Sec-Fetch-Site"] = "cross-site"
        good = app_.code()
        assert app_.info(app_.exchanged(good).body["access_token"]).status == 200

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"response_type": "token"}, 60030),
            ({"response_type": ""}, 60030),
            ({"client_id": "x"}, 60003),
            ({"client_id": ""}, 60003),
            ({"redirect_uri": "https://evil.us/"}, 60017),
            ({"redirect_uri": ""}, 60017),
            ({"scope": "do_like"}, 60002),
            ({"state": ""}, 30003),
            ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, 30003),
            ({"code_challenge": "short", "code_challenge_method": "S256"}, 30003),
        ],
    )
    def test_what_is_wrong_is_told(self, app_, wrong, code):
        assert app_.authorize(**wrong).code == code

    def test_a_state_comes_back_as_it_was(self, app_):
        for state in (" SELECT ", " ", "a  b", "+%20"):
            asked = app_.authorize(state=state).body["requestId"]
            answer = consent.given(asked, users.get(app_.exchange.person().uid))
            assert answer["oAuthCodeResult"]["state"] == state

    @pytest.mark.parametrize("client_id", NO_IDS)
    def test_what_is_no_id_is_not_looked_for(self, app_, monkeypatch, client_id):
        with injected(monkeypatch, Faults()) as faults:
            assert app_.authorize(client_id=client_id).code == 60003
        assert faults.seen == []


class TestAccessToken:
    def test_for_a_code(self, app_):
        reply = app_.exchanged(app_.code())
        assert reply.body["token_type"] == "Bearer"
        assert reply.body["expires_in"] == 90 * 24 * 3600
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["pragma"] == "no-cache"

    def test_by_http_basic(self, app_):
        credentials = base64.b64encode(f"{app_.id}:{app_.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"}
        assert app_.exchanged(app_.code(), headers, client_id=None, client_secret=None).status == 200
        assert app_.exchanged(app_.code(), headers, client_secret=None).status == 200
        twice = app_.exchanged(app_.code(), headers)
        assert (twice.status, twice.body["error"]) == (400, "invalid_request")
        for wrong in (f"{app_.id}:{'0' * 64}", "x:y", "", "é"):
            headers = {"Authorization": f"Basic {base64.b64encode(wrong.encode('latin-1')).decode()}"}
            reply = app_.exchanged(app_.code(), headers, client_id=None, client_secret=None)
            assert (reply.status, reply.code, reply.body["error"]) == (401, 60003, "invalid_client")
            assert reply.headers["www-authenticate"].startswith("Basic ")

    @pytest.mark.parametrize("client_id", NO_IDS)
    def test_what_is_no_id_is_not_looked_for(self, app_, monkeypatch, client_id):
        headers = {"Authorization": f"Basic {base64.b64encode(f'{client_id}:x'.encode()).decode()}"}
        with injected(monkeypatch, Faults()) as faults:
            for reply in (
                app_.exchanged("x" * 32, client_id=client_id),
                app_.exchanged("x" * 32, headers, client_id=None, client_secret=None),
            ):
                assert (reply.status, reply.code, reply.body["error"]) == (401, 60003, "invalid_client")
        assert faults.seen == []

    def test_with_pkce(self, app_):
        more = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        code = app_.code(**more)
        for verifier in (None, VERIFIER[:-1] + "l"):
            assert app_.exchanged(code, code_verifier=verifier).code == 60006
        assert app_.exchanged(code, code_verifier=VERIFIER).status == 200

    @pytest.mark.parametrize(
        ("wrong", "status", "code", "error"),
        [
            ({"grant_type": "password"}, 400, 30003, "unsupported_grant_type"),
            ({"grant_type": None}, 400, 30003, "unsupported_grant_type"),
            ({"client_id": "x"}, 401, 60003, "invalid_client"),
            ({"client_secret": "x"}, 401, 60003, "invalid_client"),
            ({"client_secret": None}, 401, 60003, "invalid_client"),
            ({"code": None}, 400, 30003, "invalid_request"),
            ({"code": "x" * 32}, 400, 60006, "invalid_grant"),
            ({"redirect_uri": None}, 400, 30003, "invalid_request"),
            ({"redirect_uri": "https://bhex.us/other"}, 400, 60017, "invalid_grant"),
            ({"code_verifier": VERIFIER}, 400, 60006, "invalid_grant"),
        ],
    )
    def test_what_is_wrong_is_told_and_leaves_the_code_as_it_was(self, app_, wrong, status, code, error):
        good = app_.code()
        reply = app_.exchanged(good, **wrong)
        assert (reply.status, reply.code, reply.body["error"]) == (status, code, error)
        assert app_.exchanged(good).status == 200

    def test_a_code_is_good_once_and_a_replay_ends_its_token(self, app_):
        code = app_.code()
        token = app_.exchanged(code).body["access_token"]
        assert app_.info(token).status == 200
        reply = app_.exchanged(code)
        assert (reply.code, reply.body["error"]) == (60008, "invalid_grant")
        assert app_.info(token).code == 30000


class TestUserInfo:
    def test_of_who_consented_masked(self, app_, exchange):
        person = exchange.person()
        answer = app_.info(app_.exchanged(app_.code(person.uid)).body["access_token"]).body
        assert answer["userId"] == person.uid
        assert (answer["registerType"], answer["mobile"]) == (2, "")
        assert answer["email"] == "p*****1@example.com"

    def test_nothing_else_opens_it(self, app_):
        token = app_.exchanged(app_.code()).body["access_token"]
        for reply in (app_.info("x"), app_.info(token, "Basic"), app_.browser.get(INFO), app_.info("")):
            assert (reply.status, reply.code) == (401, 30000)
            assert reply.headers["www-authenticate"].startswith("Bearer")
