"""That secrets in logs are noticed: the search itself, and the values that hold personal data."""

import pytest

from chalicelib.core.bank_cards import BankCard
from chalicelib.core.identity import Channel, Form
from chalicelib.core.kyc import Claim, Location, Paper
from chalicelib.core.phones import Mobile
from chalicelib.core.steps import Factor
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import Asked, Entered, Entry, Found, Number, Origin, Proof
from chalicelib.stores.captcha import Captcha
from tests.house.source import ROOT
from tests.planted import leaks, plant

pytest_plugins = ["pytester"]


def test_the_search_finds_what_is_planted():
    assert leaks("nothing here") == []
    assert leaks('{"realName": "吴小野", "mobile": "+8613873647282"}') == ["13873647282", "吴小野"]
    assert leaks(r'{"realName": "\u5434\u5c0f\u91ce"}') == ["吴小野"]
    assert leaks(f"token={plant('K7' * 20)}") == ["K7" * 20]
    with pytest.raises(AssertionError):
        plant("short")


def test_a_test_that_writes_a_secret_fails(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest("from tests.conftest import pytest_runtest_makereport  # noqa: F401")
    pytester.makepyfile(
        """
        from tests.planted import plant

        def test_it():
            print("card", plant("known to this test only"))

        def test_other():
            print("card")
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    "value",
    [
        Claim("吴小野", Location.CHINA, Paper.ID_CARD, "11010519491231002X"),
        BankCard("招商银行", "吴三", "2934723894572398749", "海淀支行"),
        Receiver(Channel.SMS, "+8613873647282", "1000000001", "+8613873647282"),
        Mobile("86", "13873647282"),
        Number("13873647282"),
        Entered(None, "0f34ebd20c2cbc01f40ae31ab1c2f4ba", "9b74c9897bac770ffc029102a200c5de"),
        Asked(None, "0f34ebd20c2cbc01f40ae31ab1c2f4ba", Factor.MAIL),
        Found("0f34ebd20c2cbc01f40ae31ab1c2f4ba", Factor.MAIL),
        Origin("203.0.113.7", "agent", "0f34ebd20c2cbc01f40ae31ab1c2f4ba"),
        Captcha("647f5ed2ed8acb4be36784e01556bb71", "0f34ebd20c2cbc01f40ae31ab1c2f4ba"),
        Entry(Mobile("86", "13873647282"), "en", Form.SHA256_BASE64, "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="),
        Proof("ann@example.com", Form.SHA256_BASE64, "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ=", "203.0.113.7"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_personal_data_does_not_show_it(value):
    """An error that quotes its arguments must tell nothing."""
    assert leaks(repr(value)) == []
