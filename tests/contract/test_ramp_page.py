"""The identification page without a browser: who may post what, in which form, and what is answered."""

import re
from decimal import Decimal
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from chalicelib import clock
from chalicelib.api.ramp import page as view
from chalicelib.core import identity as rules
from chalicelib.core.identity import HOUR_MS, Purpose, Standing
from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Upload
from chalicelib.services import identity, kyc_links, wallet
from chalicelib.services.identity import amending, binding
from chalicelib.services.ramp import accounts, orders, partners, visits
from chalicelib.stores import users
from chalicelib.stores.users import Amendment
from tests.contract.client import Client, proxy_event
from tests.contract.ramp import check
from tests.faults.test_upload_calls import held
from tests.pictures import form, picture, snapped
from tests.planted import plant
from tests.post import mailed_code, mails
from tests.services import ramp_world
from tests.services.ramp_world import SOURCE
from tests.services.test_identity import at_once
from tests.services.test_uploads import arrive
from tests.services.world import later

URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
ANN = {
    "lastName": "Cruz", "firstName": "Ana", "middleName": "", "birthDate": "1990-02-28", "sex": "2", "nationality": "PH",
    "cardType": "2", "cardNo": "P1234567A", "address": "12 Rizal Street", "occupation": "employed", "income": "10k-30k",
}  # fmt: skip


class PageClient(Client):
    """What the page sends, by the link that opened it."""

    check = staticmethod(check)

    def __init__(self, app, account):
        super().__init__(app)
        self.link = kyc_links.mint(SOURCE, account, clock.now_ms())
        self.query = urlsplit(self.link).query

    def open(self, query=None, **headers):
        """The page: status, headers and text."""
        text = self.query if query is None else query
        event = proxy_event("GET", kyc_links.PATH, kyc_links.PATH, None, text, None, headers)
        answer = self.app(event, None)
        return answer["statusCode"], answer["headers"], answer["body"]

    def send(self, what="", fields=None, files=None, query=None, **headers):
        path = f"/user/userKyc/{what}" if what else kyc_links.PATH
        url = f"{path}?{self.query if query is None else query}"
        if files is None:
            return self.request("POST", url, urlencode(fields or {}), {**URLENCODED, **headers})
        body, content_type = form(fields or {}, files)
        return self.request("POST", url, body, {"Content-Type": content_type, **headers})

    def photos(self, **fields):
        return {
            name: self.send("photo", fields, {"photo": picture()}).data["name"] for name in ("cardFront", "cardHand")
        }

    def hand_in(self, **changes):
        passed = {"pass": changes["pass"]} if "pass" in changes else {}
        return self.send(fields={**ANN, **self.photos(**passed), **changes})


@pytest.fixture
def ramp(cloud):
    return ramp_world.partner()


@pytest.fixture
def customer(ramp, app):
    """A customer whom the partner knows by a number of its own."""
    return PageClient(app, "customer-7")


@pytest.fixture
def mailbox(ramp, app):
    """One whom it knows by an address."""
    return PageClient(app, "Ana@example.ph")


def uid_of(account):
    return accounts.of(SOURCE, account)


def wrong(reply):
    return reply.code, reply.data.get("reason"), reply.data.get("field")


class TestPage:
    def test_is_a_page_that_may_run_nothing_but_its_own(self, customer):
        status, headers, text = customer.open()
        assert (status, headers["Content-Type"], headers["Cache-Control"]) == (
            200,
            "text/html; charset=utf-8",
            "no-store",
        )
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self' https://exchange-test-uploads.s3.amazonaws.com;" in policy
        assert (headers["Referrer-Policy"], headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", text), "nothing inline"
        assert not re.search(r"(src|href)=\"(https?:)?//", text), "nothing of others"
        assert 'data-state="form"' in text

    def test_over_https_stays_there(self, customer, monkeypatch):
        assert "Strict-Transport-Security" not in customer.open()[1]
        monkeypatch.setattr(view.settings, "PUBLIC_URL", "https://exchange.example")
        assert customer.open()[1]["Strict-Transport-Security"] == "max-age=31536000"

    @pytest.mark.parametrize(
        ("accepted", "language"),
        [(None, "zh"), ("zh-CN,zh;q=0.9", "zh"), ("en", "en"), ("de-DE,en;q=0.7,zh;q=0.3", "en"), ("tl-PH", "en")],
    )
    def test_speaks_the_first_language_that_it_can(self, customer, accepted, language):
        headers = {"Accept-Language": accepted} if accepted else {}
        assert f'<html lang="{language}">' in customer.open(**headers)[2]

    def test_shows_how_far_the_identification_is(self, customer):
        customer.hand_in()
        assert 'data-state="review"' in customer.open()[2]
        identity.review(uid_of("customer-7"), Status.REFUSED, "<script>alert(1)</script> $lang")
        text = customer.open()[2]
        assert 'data-state="refused"' in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; $lang" in text
        assert customer.hand_in().data == {"cardStatus": "3"}
        identity.review(uid_of("customer-7"), Status.APPROVED, "")
        assert 'data-state="passed"' in customer.open()[2]

    def test_asks_for_the_mailbox_of_an_address(self, mailbox):
        text = mailbox.open()[2]
        assert 'data-state="prove"' in text
        assert "Ana@example.ph" in text

    def test_may_be_asked_for_with_more_than_its_link(self, customer):
        assert customer.open(f"{customer.query}&utm_source=mail")[0] == 200

    @pytest.mark.parametrize("name", ["kyc.js", "checks.js", "sending.js", "kyc.css", "kyc.json"])
    def test_its_files(self, app, name):
        event = proxy_event("GET", f"/web/{name}", "/web/{name}", {"name": name})
        answer = app(event, None)
        assert answer["statusCode"] == 200
        assert answer["headers"]["Content-Type"].startswith(view.TYPES[f".{name.rpartition('.')[2]}"])
        assert answer["headers"]["Cache-Control"] == "public, max-age=300"
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        assert "http://" not in answer["body"]
        assert "https://" not in answer["body"]

    @pytest.mark.parametrize("name", ["kyc.html", "..%2Fapp.py", "nothing.js"])
    def test_no_other_files(self, ramp, app, name):
        reply = PageClient(app, "x").request("GET", f"/web/{name}")
        assert (reply.status, reply.code) == (404, "100001")

    def test_every_text_has_both_languages_and_is_used(self):
        texts = view.json.decode(view.FOLDER.joinpath("kyc.json").read_bytes())
        used = "".join(view.FOLDER.joinpath(name).read_text() for name in ("kyc.html", "kyc.js", "checks.js"))
        for key, (zh, en) in texts.items():
            assert zh, key
            assert en == "中文" or re.sub("[–…]", "", en).isascii(), key
            assert re.search(rf"\b{key}\b", used), f"{key} is said nowhere"
        for key in re.findall(r'data-t="(\w+)"', used) + re.findall(r'"(e_\w+)"', used):
            assert key in texts


class TestLinks:
    @pytest.mark.parametrize("broken", ["account", "source", "e", "token"])
    def test_say_for_whom_and_until_when_and_nothing_of_it_can_be_changed(self, customer, broken):
        fields = {name: values[0] for name, values in parse_qs(customer.query).items()}
        for changed in ({**fields, broken: fields[broken] + "1"}, {k: v for k, v in fields.items() if k != broken}):
            query = urlencode(changed)
            status, _, text = customer.open(query, Accept_Language="en")
            assert status == 403
            assert 'data-state="expired"' in text
            for what in ("", "code", "prove", "photo", "largePhoto"):
                reply = customer.send(what, {}, query=query)
                assert (reply.status, wrong(reply)) == (401, ("100002", "signature_mismatch", "link"))

    def test_are_good_for_a_day(self, customer, monkeypatch):
        later(monkeypatch, 24 * 3_600_000 - 2_000)
        assert customer.open()[0] == 200
        later(monkeypatch, 3_000)
        assert customer.open()[0] == 403

    def test_a_pass_is_no_link_and_a_link_no_pass(self, mailbox):
        link = kyc_links.Link(SOURCE, "Ana@example.ph")
        passed = kyc_links.mint_pass(link, "1000000001", clock.now_ms())
        assert kyc_links.check_pass(link, passed, clock.now_ms()) == "1000000001"
        for other in (kyc_links.Link(SOURCE, "Bob@example.ph"), kyc_links.Link("other", "Ana@example.ph")):
            with pytest.raises(Refused):
                kyc_links.check_pass(other, passed, clock.now_ms())
        for text in ("", "1000000001", passed.replace("1000000001", "1000000002"), passed[:-1], "x.y.z", "é..."):
            with pytest.raises(Refused):
                kyc_links.check_pass(link, text, clock.now_ms())
        with pytest.raises(Refused):
            kyc_links.check_pass(link, passed, clock.now_ms() + 3_601_000)

    def test_are_made_for_accounts_only(self, ramp):
        for source, account in (("a:b", "x"), ("binance", ""), ("binance", " x"), ("binance", "x" * 300)):
            with pytest.raises(Refused):
                kyc_links.mint(source, account, clock.now_ms())


class TestHandIn:
    def test_as_a_form(self, customer):
        reply = customer.hand_in()
        assert (reply.status, reply.data) == (200, {"cardStatus": "3"})
        found = identity.opened(uid_of("customer-7"))
        assert (found.record.status, found.claim.real_name) == (Status.SUBMITTED, "Ana Cruz")
        assert all(held(Upload(name)) for name in found.claim.photos)
        assert str(accounts.card_status(SOURCE, "customer-7")) == "3"

    def test_in_parts_with_its_photos(self, customer):
        reply = customer.send(fields=ANN, files={"cardFront": picture("PNG"), "cardHand": snapped()})
        assert reply.data == {"cardStatus": "3"}
        assert identity.opened(uid_of("customer-7")).claim.front.endswith(".png")

    def test_as_json(self, customer):
        reply = customer.post(f"{kyc_links.PATH}?{customer.query}", {**ANN, **customer.photos()})
        assert reply.data == {"cardStatus": "3"}
        assert wrong(customer.post(f"{kyc_links.PATH}?{customer.query}", {"sex": 1})) == (
            "100001", "parameter_invalid", "sex",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "reason", "field"),
        [
            ({"lastName": ""}, "parameter_missing", "lastName"),
            ({"firstName": "4"}, "parameter_invalid", "firstName"),
            ({"birthDate": "1990-13-01"}, "parameter_invalid", "birthDate"),
            ({"sex": "3"}, "parameter_invalid", "sex"),
            ({"nationality": "ZZ"}, "parameter_invalid", "nationality"),
            ({"cardType": "passport2"}, "parameter_invalid", "cardType"),
            ({"nationality": "CN"}, "id_card_needed", "cardType"),
            ({"cardNo": "!"}, "parameter_invalid", "cardNo"),
            ({"address": "x"}, "parameter_invalid", "address"),
            ({"occupation": ""}, "parameter_missing", "occupation"),
            ({"income": "1"}, "parameter_invalid", "income"),
            ({"cardFront": "x.jpg"}, "upload_invalid", "cardFront"),
            ({"cardHand": ""}, "parameter_missing", "cardHand"),
            ({"isAdmin": "1"}, "parameter_invalid", "isAdmin"),
        ],
    )
    def test_what_is_wrong_is_named(self, customer, changes, reason, field):
        assert wrong(customer.hand_in(**changes)) == ("100001", reason, field)
        assert identity.standing(uid_of("customer-7")) is None

    def test_is_told_in_the_callers_language(self, customer):
        fields = {**ANN, **customer.photos(), "lastName": "4"}
        assert customer.send(fields=fields).body["description"].endswith("：lastName")
        assert customer.send(fields=fields, Accept_Language="en").body["description"].endswith(": lastName")

    def test_a_file_that_is_no_photo(self, customer):
        reply = customer.send(fields=ANN, files={"cardFront": b"hello", "cardHand": picture()})
        assert wrong(reply) == ("100001", "upload_invalid", "cardFront")

    def test_anybody_elses_photo(self, customer, app):
        other = PageClient(app, "customer-8").photos()
        assert wrong(customer.hand_in(cardFront=other["cardFront"])) == ("100001", "upload_invalid", "cardFront")

    def test_a_document_in_use_and_a_claim_that_stands(self, customer, app):
        customer.hand_in()
        assert wrong(customer.hand_in()) == ("100001", "kyc_standing", None)
        assert wrong(PageClient(app, "customer-8").hand_in()) == ("100001", "id_in_use", "cardNo")

    def test_three_an_hour(self, customer):
        for _ in range(3):
            customer.hand_in()
            identity.review(uid_of("customer-7"), Status.REFUSED, "blurred")
        assert customer.hand_in().code == "100029"

    @pytest.mark.parametrize("body", ["{", "a=%ff", "a=1&a=2", '{"a": {}}', "x"])
    def test_what_is_no_form(self, customer, body):
        reply = customer.request("POST", f"{kyc_links.PATH}?{customer.query}", body, URLENCODED)
        assert reply.code == "100001"

    def test_one_customer_of_two_partners_is_two_people(self, customer, app):
        customer.photos()
        ramp_world.partner("other")
        second = PageClient(app, "customer-7")
        second.query = urlsplit(kyc_links.mint("other", "customer-7", clock.now_ms())).query
        second.photos()
        assert uid_of("customer-7") != accounts.of("other", "customer-7")

    def test_a_customer_who_comes_twice_at_once_is_one_person(self, ramp):
        link = kyc_links.Link(SOURCE, "customer-9")
        found = at_once(*[lambda: visits.person(link, "", "en")] * 4)
        assert set(found) == {uid_of("customer-9")}
        assert users.get(found[0]).standing is Standing.ACTIVE


class TestPhotos:
    def test_large_ones_are_looked_at_when_they_have_come(self, customer):
        made = customer.send("largePhoto").data
        assert made["bytesMax"] == 20 * 2**20
        assert wrong(customer.send("photo", {"name": made["name"]})) == ("100001", "upload_invalid", None)
        arrive(Upload(made["name"]), picture() + bytes(5 * 2**20))
        assert customer.send("photo", {"name": made["name"]}).data == {"name": made["name"]}
        assert customer.hand_in(cardFront=made["name"]).data == {"cardStatus": "3"}

    def test_that_are_none_or_missing(self, customer):
        assert wrong(customer.send("photo", files={"photo": b"GIF89a"})) == ("100001", "upload_invalid", None)
        assert wrong(customer.send("photo", files={})) == ("100001", "parameter_missing", "photo")
        too_large = picture() + bytes(4 * 2**20)
        assert wrong(customer.send("photo", files={"photo": too_large})) == ("100001", "upload_too_large", None)

    def test_of_an_address_need_its_pass(self, mailbox):
        for what in ("photo", "largePhoto"):
            reply = mailbox.send(what, {}, {"photo": picture()})
            assert (reply.status, wrong(reply)) == (401, ("100002", "signature_mismatch", "pass"))


class TestMailboxes:
    def proved(self, mailbox):
        code_id = mailbox.send("code").data["codeId"]
        return mailbox.send("prove", {"codeId": code_id, "code": mailed_code()})

    def test_somebody_new(self, mailbox):
        reply = self.proved(mailbox)
        assert (reply.data["state"], reply.data["reason"]) == ("form", "")
        assert mailbox.hand_in(**{"pass": reply.data["pass"]}).data == {"cardStatus": "3"}
        user = users.find(rules.email("ana@example.ph"))
        assert (user.uid, user.standing, user.email_verified) == (uid_of("Ana@example.ph"), Standing.ACTIVE, True)

    def test_all_in_one(self, mailbox):
        code_id = mailbox.send("code").data["codeId"]
        fields = {**ANN, "codeId": code_id, "code": mailed_code()}
        reply = mailbox.send(fields=fields, files={"cardFront": picture(), "cardHand": snapped()})
        assert reply.data == {"cardStatus": "3"}

    @pytest.mark.parametrize(
        ("changes", "files", "reason"),
        [
            ({"cardNo": "!"}, {"cardFront": picture(), "cardHand": snapped()}, "parameter_invalid"),
            ({}, {"cardFront": b"hello", "cardHand": snapped()}, "upload_invalid"),
            ({}, {"cardFront": picture()}, "parameter_missing"),
        ],
        ids=["detail", "photo", "no photo"],
    )
    def test_all_in_one_that_is_refused_says_the_pass_to_go_on_with(self, mailbox, changes, files, reason):
        code_id = mailbox.send("code").data["codeId"]
        proof = {"codeId": code_id, "code": mailed_code()}
        reply = mailbox.send(fields={**ANN, **proof, **changes}, files=files)
        assert wrong(reply)[:2] == ("100001", reason)
        whole = {"cardFront": picture(), "cardHand": snapped()}
        assert wrong(mailbox.send(fields={**ANN, **proof}, files=whole))[1] == "email_code", "the code was used up"
        passed = {"pass": plant(reply.data["pass"])}
        refused = mailbox.send(fields={**ANN, **passed, "cardNo": "!"}, files=whole)
        assert (wrong(refused)[1], "pass" in refused.data) == ("parameter_invalid", False), (
            "who has it need not be told"
        )
        assert mailbox.send(fields={**ANN, **passed}, files=whole).data == {"cardStatus": "3"}

    def test_without_proof_nothing_is_taken(self, mailbox):
        assert wrong(mailbox.send(fields=ANN))[:2] == ("100002", "signature_mismatch")
        assert uid_of("Ana@example.ph") is None
        assert users.find(rules.email("ana@example.ph")) is None

    def test_somebody_known_is_linked_and_sees_what_stands(self, mailbox):
        uid = ramp_world.person(account="another", passed=True)
        users.names.NameRow("email:ana@example.ph", uid=uid).save()
        reply = self.proved(mailbox)
        assert reply.data["state"] == "passed"
        assert uid_of("Ana@example.ph") == uid

    def test_a_mailbox_that_changed_hands_opens_nothing_of_whom_it_was(self, mailbox, monkeypatch):
        self.proved(mailbox)
        ann = uid_of("Ana@example.ph")
        identity.hand_in(ann, "Ana Cruz", Location.OTHER, Paper.PASSPORT, "P1234567")
        identity.review(ann, Status.APPROVED, "")
        wallet.credit(ann, "USDT", Decimal(100), None)
        changes, steps = binding._address(users.get(ann), rules.email("ana@elsewhere.ph"))
        amending.amend(ann, lambda _: Amendment(changes, [], steps))
        with pytest.raises(Refused) as caught:
            orders.sell(partners.get(SOURCE), ramp_world.sale(account="Ana@example.ph"))
        assert caught.value.reason is Reason.KYC_REQUIRED, "not even before somebody else has it"
        later(monkeypatch, HOUR_MS)
        reply = self.proved(mailbox)
        assert reply.data["state"] == "form"
        assert uid_of("Ana@example.ph") == users.find(rules.email("Ana@example.ph")).uid != ann
        assert ramp_world.held(ann) == (100, 0)

    def test_what_is_sent_does_not_tell_whether_there_is_somebody(self, mailbox, app):
        ramp_world.person(account="another")
        uid = accounts.of(SOURCE, "another")
        known = PageClient(app, users.get(uid).email)
        answers = [client.send("code") for client in (mailbox, known)]
        assert len({frozenset(answer.data) for answer in answers}) == 1
        first, second = (re.sub(r"\d{3,6}", "", mail.body) for mail in mails())
        assert first == second
        wrong_code = [client.send("prove", {"codeId": answer.data["codeId"], "code": "000000"}) for client, answer in zip(
            (mailbox, known), answers, strict=True
        )]  # fmt: skip
        assert [wrong(reply) for reply in wrong_code] == [("100001", "email_code", "code")] * 2

    def test_a_code_works_once_and_for_its_mailbox(self, mailbox, app):
        code_id = mailbox.send("code").data["codeId"]
        sent = {"codeId": code_id, "code": mailed_code()}
        assert wrong(PageClient(app, "bob@example.ph").send("prove", sent))[1] == "email_code"
        assert mailbox.send("prove", sent).code == "000000"
        assert wrong(mailbox.send("prove", sent)) == ("100001", "email_code", "code")

    def test_a_code_of_another_purpose_proves_nothing(self, mailbox):
        identity.send_sign_up_code(rules.email("Ana@example.ph"), "203.0.113.9", "en", purpose=Purpose.SIGN_UP)
        code_id = mailbox.send("code").data["codeId"]
        sign_up = mailed_code(0)
        if sign_up != mailed_code(1):
            assert wrong(mailbox.send("prove", {"codeId": code_id, "code": sign_up}))[1] == "email_code"

    def test_codes_are_sent_once_a_minute(self, mailbox):
        mailbox.send("code")
        assert wrong(mailbox.send("code"))[1] == "code_too_often"

    def test_an_account_that_is_no_address_gets_no_code(self, customer):
        assert wrong(customer.send("code")) == ("100001", "parameter_invalid", "account")
        assert wrong(customer.send("prove", {"codeId": "x", "code": "123456"})) == (
            "100001", "parameter_invalid", "account",
        )  # fmt: skip

    def test_somebody_disabled_is_not_linked(self, mailbox):
        uid = ramp_world.person(account="another")
        users.names.NameRow("email:ana@example.ph", uid=uid).save()
        users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.DISABLED.value)])
        assert wrong(self.proved(mailbox))[:2] == ("200003", "account_unusable")
        assert uid_of("Ana@example.ph") is None
