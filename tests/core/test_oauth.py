"""OAuth's rules: which addresses are an application's, what a scope may say, and PKCE as RFC 7636 shows it."""

import pytest

from chalicelib.core import oauth
from chalicelib.core.oauth import Client
from chalicelib.core.reasons import Reason, Refused

CLIENT = Client("c", "BHEX", "https://bhex.us/", "")
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def wish(uri="https://bhex.us/done", state="SELECT", scope="", challenge="", method=""):
    return oauth.wish(CLIENT, uri, state, scope, challenge, method)


def refusal(**fields):
    with pytest.raises(Refused) as refused:
        wish(**fields)
    return refused.value.reason, refused.value.parameter


@pytest.mark.parametrize(
    "uri",
    ["https://bhex.us/done?a=1", "https://www.bhex.us/s_api/basic/config", "https://bhex.us:443", "https://BHEX.us/x"],
)
def test_an_address_on_the_host_or_below_it_is_the_applications(uri):
    assert wish(uri).redirect_uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://bhex.us/done",
        "https://evil.us/done",
        "https://bhex.us.evil.us/",
        "https://evilbhex.us/",
        "https://bhex.us@evil.us/",
        "https://evil.us\\@bhex.us/",
        "https://bhex.us:8443/",
        "https://bhex.us:0/",
        "https://bhex.us:99999/",
        "https://bhex.us/#code",
        "https://bhex.us/\r\nSet-Cookie: a=b",
        "//bhex.us/",
        "javascript://bhex.us/%0aalert(1)",
        "bhex.us",
        "https:///bhex.us",
        "https://bhex.us/" + "x" * 2000,
        "https://bhex。us/",
        "https://evil.com[v1.bhex.us]/",  # one host to Python, another to browsers
        "https://[v1.bhex.us]/",
        "https://evil.us%2f.bhex.us/",
        "https://evil.us%5c.bhex.us/",
        "https://evil.us\\.bhex.us/",
        "https://evil.us;.bhex.us/",
        "https://evil.us,.bhex.us/",
        "https://evil.us'.bhex.us/",
        "https://ev_il.bhex.us/",
    ],
)
def test_any_other_address_is_not(uri):
    assert refusal(uri=uri) == (Reason.REDIRECT_URI, "redirect_uri")


def test_an_address_of_numbers_has_no_hosts_below_it():
    client = Client("c", "n", "http://127.0.0.1:9000/", "")
    assert oauth.wish(client, "http://127.0.0.1:9000/cb", "s", "", "", "").redirect_uri == "http://127.0.0.1:9000/cb"
    for uri in ("http://x.127.0.0.1:9000/", "http://127.0.0.1:9001/", "https://127.0.0.1:9000/"):
        with pytest.raises(Refused):
            oauth.wish(client, uri, "s", "", "", "")


@pytest.mark.parametrize("uri", ["https://[::1]/", "https://bhex.us[::1]/", "https://bhex%2eus/", "https://a@bhex.us/"])
def test_no_application_is_registered_with_a_host_that_readers_differ_on(uri):
    with pytest.raises(Refused):
        oauth.redirect_uri(uri)


def test_a_scope_names_known_functions():
    assert wish().scope == wish(scope="get_user_info").scope == wish(scope="get_user_info, get_user_info").scope
    assert [function.id for function in oauth.described(wish().scope)] == ["1"]
    for scope in ("do_like", "get_user_info,list_album"):
        assert refusal(scope=scope) == (Reason.OAUTH_SCOPE, "scope")


def test_a_state_is_there_and_can_be_given_back():
    assert refusal(state="") == (Reason.PARAMETER_MISSING, "state")
    assert refusal(state="a\nb") == (Reason.PARAMETER_INVALID, "state")
    assert refusal(state="x" * 501) == (Reason.PARAMETER_INVALID, "state")


def test_a_challenge_is_of_s256_or_not_there():
    assert wish(challenge=CHALLENGE, method="S256").challenge == CHALLENGE
    for challenge, method in ((CHALLENGE, "plain"), (CHALLENGE, ""), ("", "plain")):
        assert refusal(challenge=challenge, method=method) == (Reason.PARAMETER_INVALID, "code_challenge_method")
    for challenge in ("", CHALLENGE[1:], CHALLENGE[1:] + "="):
        assert refusal(challenge=challenge, method="S256") == (Reason.PARAMETER_INVALID, "code_challenge")


def test_the_verifier_is_the_one_behind_the_challenge():
    assert oauth.verified(CHALLENGE, VERIFIER), "RFC 7636, appendix B"
    assert oauth.verified("", "")
    for challenge, verifier in (
        (CHALLENGE, VERIFIER[:-1] + "l"),
        (CHALLENGE, ""),
        (CHALLENGE, CHALLENGE),
        ("", VERIFIER),
    ):
        assert not oauth.verified(challenge, verifier)


def test_codes_have_32_letters_and_digits():
    assert oauth.code_text(bytes(range(32))).isalnum()
    assert len(oauth.code_text(bytes(range(224, 256)))) == 32


def test_ids_of_applications_have_32_hexadecimal_digits():
    assert oauth.is_client_id(bytes(range(oauth.CLIENT_ID_BYTES)).hex())
    for text in ("", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "٣" * 32, "0" * 31 + "\n", "0" * 32 + "\n"):
        assert not oauth.is_client_id(text)


def test_a_name_can_be_read():
    assert oauth.client_name(" BHEX ") == "BHEX"
    for name in ("", " ", "x" * 65, "a\nb"):
        with pytest.raises(Refused):
            oauth.client_name(name)
