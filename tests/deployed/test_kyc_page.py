"""The identification page on the deployed package: by what a browser sends, and by a browser where there is one."""

import http.client
import json
import re
import time
from urllib.parse import urlencode, urlsplit

import pytest

from tests.browser.install import CHROMIUM
from tests.pictures import form, picture, snapped

pytestmark = pytest.mark.deployed

SOURCE = "kycpage"
PAGE = "/user/userKyc.html"
WAIT_S = 30
PATIENCE_MS = 60_000
#: What nobody else's test hands in.
NUMBER = "KYC{:05}A"
ANA = {
    "lastName": "Cruz", "firstName": "Ana", "middleName": "", "birthDate": "1990-02-28", "sex": "2", "nationality": "PH",
    "cardType": "2", "address": "12 Rizal Street", "occupation": "employed", "income": "10k-30k",
}  # fmt: skip
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Visitor:
    """Somebody with a link, and what a browser sends for them."""

    def __init__(self, operator, account):
        self.link = operator.run("ramp", {"action": "kyc-link", "source": SOURCE, "account": account})["url"]
        self.target = urlsplit(self.link)

    def ask(self, method, path, body=None, headers=None, target=None):
        """Status and answer, of the exchange or of another `target`."""
        place = target or self.target
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def page(self):
        """The page's state."""
        answer, content = self.ask("GET", f"{PAGE}?{self.target.query}")
        assert answer.status == 200
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        return re.search(r'data-state="(\w+)"', content.decode())[1]

    def send(self, what="", fields=None, files=None):
        path = f"/user/userKyc/{what}" if what else PAGE
        body, kind = form(fields or {}, files) if files else (urlencode(fields or {}), FORM["Content-Type"])
        answer, content = self.ask("POST", f"{path}?{self.target.query}", body, {"Content-Type": kind})
        envelope = json.loads(content)
        return answer.status, envelope["code"], envelope["data"]

    def did(self, what="", fields=None, files=None):
        status, code, data = self.send(what, fields, files)
        assert (status, code) == (200, "000000"), data
        return data


@pytest.fixture(scope="module")
def partner(operator):
    operator.run("ramp", {"action": "add-partner", "source": SOURCE, "rate": "56.5"})


def waiting(operator, number):
    (claim,) = [one for one in operator.run("kyc", {"action": "list"})["waiting"] if one["idNumber"] == number]
    return claim


def mailed_code(operator, address, known=0):
    """The code in the newest mail to an address, which has `known` of them already."""
    deadline = time.monotonic() + WAIT_S
    while len(found := operator.messages(address)) <= known and time.monotonic() < deadline:
        time.sleep(0.2)
    return re.search(r"(?<!\d)\d{6}(?!\d)", found[-1]["text"])[0]


def test_a_customer_is_identified_from_link_to_passed(operator, partner):
    number = NUMBER.format(1)
    visitor = Visitor(operator, "customer-1")
    assert visitor.page() == "form"
    for name, kind in (("kyc.js", "text/javascript"), ("kyc.css", "text/css"), ("kyc.json", "application/json")):
        answer, content = visitor.ask("GET", f"/web/{name}")
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, kind)
        assert content

    front = visitor.did("photo", files={"photo": snapped(size=(1200, 800))})["name"]
    large = visitor.did("largePhoto")
    body, kind = form(large["fields"], {"file": picture() + bytes(5 * 2**20)})
    bucket = urlsplit(large["url"])
    asked = {"Origin": "https://x.example", "Access-Control-Request-Method": "POST"}
    answer, _ = visitor.ask("OPTIONS", bucket.path or "/", headers=asked, target=bucket)
    assert answer.headers["Access-Control-Allow-Origin"] == "*", "a page may post there"
    answer, _ = visitor.ask("POST", bucket.path or "/", body, {"Content-Type": kind}, bucket)
    assert answer.status == 201
    hand = visitor.did("photo", {"name": large["name"]})["name"]
    told = {**ANA, "cardNo": number, "cardFront": front, "cardHand": hand}
    assert visitor.did(fields=told) == {"cardStatus": "3"}
    assert visitor.page() == "review"

    claim = waiting(operator, number)
    for name in ("front", "hand"):
        photo = urlsplit(claim[name])
        answer, _ = visitor.ask("GET", f"{photo.path}?{photo.query}")
        assert answer.status == 302
        place = urlsplit(answer.headers["Location"])
        answer, content = visitor.ask("GET", f"{place.path}?{place.query}", target=place)
        assert content[:3] == b"\xff\xd8\xff"
    operator.run("kyc", {"action": "refuse", "uid": claim["uid"], "reason": "blurred"})
    assert visitor.page() == "refused"
    assert visitor.did(fields=told | {"cardNo": number.lower()}) == {"cardStatus": "3"}
    operator.run("kyc", {"action": "approve", "uid": claim["uid"]})
    assert visitor.page() == "passed"


def test_a_form_larger_than_the_store_allows_is_refused_by_the_store(operator, partner):
    visitor = Visitor(operator, "customer-2")
    large = visitor.did("largePhoto")
    body, kind = form(large["fields"], {"file": bytes(large["bytesMax"] + 1)})
    bucket = urlsplit(large["url"])
    answer, content = visitor.ask("POST", bucket.path or "/", body, {"Content-Type": kind}, bucket)
    assert answer.status == 400
    assert b"EntityTooLarge" in content
    body, kind = form(large["fields"] | {"key": "kept/mine.jpg"}, {"file": picture()})
    answer, _ = visitor.ask("POST", bucket.path or "/", body, {"Content-Type": kind}, bucket)
    assert answer.status == 403


def test_a_mailbox_is_proved_by_somebody_new_and_by_somebody_known(operator, partner, person):
    new = Visitor(operator, "kyc-new@example.ph")
    assert new.page() == "prove"
    assert new.send("photo", files={"photo": picture()})[:2] == (401, "100002")
    sent = new.did("code")
    code = mailed_code(operator, "kyc-new@example.ph")
    assert new.send("prove", {"codeId": sent["codeId"], "code": "000000"})[1] == "100001"
    proved = new.did("prove", {"codeId": sent["codeId"], "code": code})
    assert proved["state"] == "form"
    photos = {
        name: new.did("photo", {"pass": proved["pass"]}, {"photo": picture()})["name"]
        for name in ("cardFront", "cardHand")
    }
    told = {**ANA, **photos, "cardNo": NUMBER.format(2), "pass": proved["pass"]}
    assert new.did(fields=told) == {"cardStatus": "3"}

    dora = person("kycdora")
    address = dora.call("GET", "/api/v2/user/profile")["email"]
    known = Visitor(operator, address)
    before = len(operator.messages(address))
    sent = known.did("code")
    proved = known.did("prove", {"codeId": sent["codeId"], "code": mailed_code(operator, address, before)})
    assert proved["pass"].partition(".")[0] == dora.uid


@pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here: `python -m tests.browser.install` fetches Debian's, as root"
)
def test_in_a_browser(operator, partner, tmp_path):
    """Through the proxy, API Gateway, the function and the store of another origin, under the page's own policy."""
    from playwright.sync_api import sync_playwright

    visitor = Visitor(operator, "customer-3")
    small, large = tmp_path / "front.jpg", tmp_path / "hand.png"
    small.write_bytes(picture(size=(800, 500)))
    large.write_bytes(picture("PNG", size=(800, 500)) + bytes(6 * 2**20))
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(locale="en-US")
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(visitor.link)
        for name in ("lastName", "firstName", "birthDate", "address"):
            page.fill(f"#{name}", ANA[name])
        page.fill("#cardNo", NUMBER.format(3))
        for name in ("nationality", "occupation", "income"):
            page.select_option(f"#{name}", ANA[name])
        page.check("input[name=sex][value='2']")
        page.check("input[name=cardType][value='2']")
        for name, path in (("cardFront", small), ("cardHand", large)):
            page.set_input_files(f"#{name}", str(path))
            page.locator(f"#{name}-status.done").wait_for()
        page.click("#submit")
        page.locator("main[data-state='review']").wait_for()
        operator.run("kyc", {"action": "approve", "uid": waiting(operator, NUMBER.format(3))["uid"]})
        page.click("#look-again")
        page.locator("main[data-state='passed']").wait_for()
        browser.close()
    assert wrong == []
