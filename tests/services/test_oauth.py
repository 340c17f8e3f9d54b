"""OAuth over moto: from an application's request to what it learns, once each, and no further than that."""

import pytest

from chalicelib.core import oauth as rules
from chalicelib.core.reasons import Reason
from chalicelib.services import oauth, operations
from chalicelib.stores import aws, users
from chalicelib.stores import oauth as store
from tests.core.test_oauth import CHALLENGE, VERIFIER
from tests.services.test_identity import activated, at_once, refusal, world  # noqa: F401 - `world` is a fixture
from tests.services.test_identity_security import reasons

URI = "https://www.bhex.us/s_api/basic/config"


@pytest.fixture(autouse=True)
def application(world):  # noqa: F811
    return oauth.register("BHEX", "https://bhex.us/")


def asked(application, challenge="", method=""):
    wish = rules.wish(application.client, URI, "SELECT", "", challenge, method)
    return oauth.authorize(application.client, wish)


def consent(application, user, **more):
    return oauth.consent(asked(application, **more).request_id, user)


@pytest.fixture
def ann():
    return users.get(activated())


def test_from_a_request_to_the_person(application, ann, world):  # noqa: F811
    request = asked(application)
    assert len(request.request_id) == 32
    assert (request.client.name, [function.name for function in request.functions]) == ("BHEX", ["get_user_info"])
    given = oauth.consent(request.request_id, ann)
    assert len(given.code) == 32
    assert given.expires == world.now + rules.CODE_MS
    assert (given.wish.state, given.wish.redirect_uri) == ("SELECT", URI)
    made = oauth.exchange(application.client, given.code, URI, "")
    assert made.expires_s == 90 * 24 * 3600
    assert oauth.who(made.token).uid == ann.uid


def test_nothing_that_opens_anything_is_stored_as_it_is(application, ann):
    request = asked(application)
    given = oauth.consent(request.request_id, ann)
    made = oauth.exchange(application.client, given.code, URI, "")
    stored = str(aws.client("dynamodb").scan(TableName=store.RequestRow.Meta.table_name)["Items"])
    assert ann.uid in stored
    for secret in (request.request_id, given.code, made.token, application.secret):
        assert secret not in stored


def test_a_request_is_consented_to_once_however_it_races(application, ann):
    request = asked(application)
    results = at_once(*[lambda: oauth.consent(request.request_id, ann)] * 4)
    assert reasons(results) == {None: 1, Reason.OAUTH_REQUEST: 3}
    assert refusal(oauth.check_request, request.request_id).reason is Reason.OAUTH_REQUEST


def test_a_request_waits_half_an_hour(application, ann, world):  # noqa: F811
    request = asked(application)
    world.now += rules.REQUEST_MS - 1
    assert oauth.check_request(request.request_id).client == application.client.id
    world.now += 1
    assert refusal(oauth.consent, request.request_id, ann).reason is Reason.OAUTH_REQUEST
    assert refusal(oauth.check_request, "x").reason is Reason.OAUTH_REQUEST


def test_a_code_is_exchanged_once_and_one_shown_again_ends_the_token(application, ann):
    given = consent(application, ann)
    made = oauth.exchange(application.client, given.code, URI, "")
    assert oauth.who(made.token) == ann
    assert refusal(oauth.exchange, application.client, given.code, URI, "").reason is Reason.OAUTH_CODE_USED
    assert refusal(oauth.who, made.token).reason is Reason.OAUTH_TOKEN


def test_a_code_that_races_is_exchanged_once(application, ann):
    given = consent(application, ann)
    results = at_once(*[lambda: oauth.exchange(application.client, given.code, URI, "")] * 4)
    assert reasons(results) == {None: 1, Reason.OAUTH_CODE_USED: 3}
    assert len([row for row in store.TokenRow.scan() if row.key.startswith("token:")]) == 0, "and was shown again"


def test_a_used_code_is_known_again_as_long_as_its_token_could_live(application, ann, world):  # noqa: F811
    given = consent(application, ann)
    made = oauth.exchange(application.client, given.code, URI, "")
    world.now += rules.CODE_MS + 1
    assert refusal(oauth.exchange, application.client, given.code, URI, "").reason is Reason.OAUTH_CODE_USED
    assert refusal(oauth.who, made.token).reason is Reason.OAUTH_TOKEN


def test_a_code_lives_ten_minutes(application, ann, world):  # noqa: F811
    given = consent(application, ann)
    world.now += rules.CODE_MS
    assert refusal(oauth.exchange, application.client, given.code, URI, "").reason is Reason.OAUTH_CODE


def test_a_code_is_its_clients_its_addresss_and_its_verifiers(application, ann):
    other = oauth.register("other", "https://bhex.us/")
    given = consent(application, ann, challenge=CHALLENGE, method="S256")
    for client, uri, verifier, reason in (
        (other.client, URI, VERIFIER, Reason.OAUTH_CODE),
        (application.client, "https://bhex.us/", VERIFIER, Reason.REDIRECT_URI),
        (application.client, URI, "", Reason.OAUTH_CODE),
        (application.client, URI, "x" * 43, Reason.OAUTH_CODE),
    ):
        assert refusal(oauth.exchange, client, given.code, uri, verifier).reason is reason
    assert oauth.who(oauth.exchange(application.client, given.code, URI, VERIFIER).token) == ann
    assert refusal(oauth.exchange, other.client, given.code, URI, VERIFIER).reason is Reason.OAUTH_CODE, (
        "another client's replay tells nothing and revokes nothing"
    )


def test_a_verifier_without_a_challenge_is_refused(application, ann):
    given = consent(application, ann)
    assert refusal(oauth.exchange, application.client, given.code, URI, VERIFIER).reason is Reason.OAUTH_CODE


def test_a_client_is_its_secret(application):
    assert oauth.prove_client(application.client.id, application.secret) == application.client
    for client_id, secret in ((application.client.id, ""), (application.client.id, "0" * 64), ("", ""), ("x", "")):
        assert refusal(oauth.prove_client, client_id, secret).reason is Reason.OAUTH_CLIENT
    assert refusal(oauth.find_client, "x").reason is Reason.OAUTH_CLIENT


def test_a_token_ends_after_90_days_and_with_the_persons_sessions(application, ann, world):  # noqa: F811
    made = oauth.exchange(application.client, consent(application, ann).code, URI, "")
    other = oauth.exchange(application.client, consent(application, ann).code, URI, "")
    users.UserRow(ann.uid).update(actions=[users.UserRow.auth_epoch.set(2)])
    assert refusal(oauth.who, other.token).reason is Reason.OAUTH_TOKEN
    users.UserRow(ann.uid).update(actions=[users.UserRow.auth_epoch.set(1)])
    world.now += rules.TOKEN_MS - 1
    assert oauth.who(made.token).uid == ann.uid
    world.now += 1
    assert refusal(oauth.who, made.token).reason is Reason.OAUTH_TOKEN


def test_a_token_of_who_may_not_use_the_account_tells_nothing(application, ann):
    made = oauth.exchange(application.client, consent(application, ann).code, URI, "")
    users.UserRow(ann.uid).update(actions=[users.UserRow.standing.set("disabled")])
    assert refusal(oauth.who, made.token).reason is Reason.OAUTH_TOKEN
    assert refusal(oauth.who, "").reason is Reason.OAUTH_TOKEN


def test_operators_register_applications():
    made = operations.run({"verb": "oauth-client", "name": "Shop", "redirect_uri": "https://shop.example/back"})
    assert set(made) == {"client_id", "client_secret"}
    assert oauth.prove_client(made["client_id"], made["client_secret"]).name == "Shop"
    for wrong, parameter in (({"name": ""}, "name"), ({"redirect_uri": "shop"}, "redirect_uri")):
        payload = {"verb": "oauth-client", "name": "Shop", "redirect_uri": "https://shop.example/", **wrong}
        assert operations.run(payload)["parameter"] == parameter
