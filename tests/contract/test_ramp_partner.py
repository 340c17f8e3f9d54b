"""The fiat ramp's endpoints against their document: names, codes, signatures, and that nothing is taken twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib import clock
from chalicelib.api.ramp.errors import SPELLINGS, message
from chalicelib.core import ramp as rules
from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, kyc_links, wallet
from chalicelib.services.ramp import accounts, moves, partners
from chalicelib.stores import accounts as ledger
from chalicelib.stores import users
from chalicelib.stores.ramp import calls
from tests.contract.client import Client
from tests.contract.document import contract
from tests.contract.ramp import PartnerClient
from tests.planted import plant
from tests.services import ramp_world, world
from tests.services.ramp_world import ACCOUNT, SOURCE, headers, held

STATUS = "/user/findUserAuthStatus"
RECEIVER = "/transaction/getReceiveAccountInfo"
BUY = "/transaction/addChangeApplyOrder"
SELL = "/transaction/addChangeApplySale"
DETAIL = "/transaction/getOrderDetail"

PURCHASE = {
    "orderNo": "IN1", "account": ACCOUNT, "source": SOURCE, "legalAmount": "1000", "fiatCurrency": "php", "countryCode": "PH",
    "firstName": "Juan", "middleName": "Santos", "lastName": "Cruz", "birthDate": "1990-01-31", "noteCode": "N0TE",
}  # fmt: skip
SALE = {
    "orderNo": "OUT1", "account": ACCOUNT, "source": SOURCE, "currencyAmount": "10", "fiatCurrency": "php",
    "receiveAccount": "001234567890", "receiveName": "Juan Cruz", "receiveFirstName": "Juan", "receiveMiddleName": "Santos",
    "receiveLastName": "Cruz", "receiveBirthDate": "1990-01-31", "receiveCountry": "PH", "receiveProvince": "NCR",
    "receiveCity": "Makati", "receiveAddr": "1 Rizal Ave", "receiveBankName": "BDO", "receiveBankAddress": "2 Ayala Ave",
    "bankCountryCode": "PH", "bankProvince": "Metro Manila", "bankCity": "Makati", "branchName": "Ayala",
    "bankSwiftCode": "BNORPHMM",
}  # fmt: skip


@pytest.fixture
def terms():
    return ramp_world.TERMS


@pytest.fixture
def partner(cloud, app, terms):
    """A partner with a client; in the end the books balance."""
    world.forget()
    made = partners.add(SOURCE, terms, ramp_world.OURS)
    yield PartnerClient(app, made.api_key, plant(made.secret))
    assert world.violations() == []


@pytest.fixture
def juan(partner):
    """An identified customer with a hundred coins."""
    return ramp_world.person(USDT="100")


def detail(partner, number):
    return partner.ask(f"{DETAIL}?orderNo={number}&source={SOURCE}").data


class TestStatus:
    def test_a_stranger_has_none(self, partner):
        assert partner.ask(f"{STATUS}?account=nobody@example.ph&source={SOURCE}").data == {"cardStatus": "4"}

    def test_it_follows_the_review(self, partner):
        uid = ramp_world.person(passed=False)
        url = f"{STATUS}?account={ACCOUNT}&source={SOURCE}"
        assert partner.ask(url).data == {"cardStatus": "0"}
        for verdict, shown in ((Status.REFUSED, "2"), (Status.APPROVED, "1")):
            identity.hand_in(uid, "Juan Cruz", Location.OTHER, Paper.PASSPORT, "P1234567")
            assert partner.ask(url).data == {"cardStatus": "3"}
            identity.review(uid, verdict, "")
            assert partner.ask(url).data == {"cardStatus": shown}

    @pytest.mark.parametrize(
        "query", ["", f"source={SOURCE}", "account=a", f"account=&source={SOURCE}", f"account=a&source={SOURCE}&x=1"]
    )
    def test_what_it_wants(self, partner, query):
        assert partner.ask(f"{STATUS}?{query}").code == "100001"


class TestKycLink:
    def test_it_leads_to_the_page_of_the_customer(self, partner):
        reply = partner.ask(f"/user/kycLink?account=juan%2B1@example.ph&source={SOURCE}")
        url = urlsplit(reply.data["url"])
        assert url.path == "/user/userKyc.html"
        said = dict(parse_qsl(url.query))
        link = kyc_links.check(said["source"], said["account"], said["e"], said["token"], clock.now_ms())
        assert (link.source, link.account) == (SOURCE, "juan+1@example.ph")

    @pytest.mark.parametrize(
        ("query", "code"),
        [("account=a&source=x", "100005"), (f"source={SOURCE}", "100001"), (f"account=&source={SOURCE}", "100001")],
    )
    def test_what_it_wants(self, partner, query, code):
        assert partner.ask(f"/user/kycLink?{query}").code == code

    def test_nobody_else_gets_one(self, partner):
        reply = partner.get(f"/user/kycLink?account=a&source={SOURCE}")
        assert (reply.code, reply.status) == ("100004", 401)


class TestReceiver:
    def test_our_account(self, partner):
        found = partner.ask(f"{RECEIVER}?source={SOURCE}")
        assert found.data["receiveAccount"] == ramp_world.OURS.account
        assert found.data["receiveBankName"] == "UNINE Bank"
        assert found.data["bankCity"] == ""
        assert found.body["description"] == "成功"

    def test_in_english(self, partner):
        assert partner.ask(f"{RECEIVER}?source={SOURCE}", Accept_Language="en").body["description"] == "Success"


class TestPurchases:
    def test_the_documents_answer(self, partner, juan):
        reply = partner.push(BUY, PURCHASE)
        assert (reply.code, reply.data) == ("000000", {})

    def test_all_that_is_told_of_one(self, partner, juan):
        before = clock.now_ms()
        partner.push(BUY, PURCHASE)
        found = detail(partner, "IN1")
        assert before <= found.pop("dateCreate") <= clock.now_ms()
        assert found == {
            "orderNo": "IN1", "account": ACCOUNT, "legalCurrenyName": "PHP", "legalAmount": "1000",
            "currencyAmount": "17.433628", "fee": "0.176992", "channelFeeRate": "0.005", "channelFee": "0.088495",
            "exchRate": "56.5", "buyType": "3", "applyStatus": "1", "applyType": "1", "receiveAccount": "8888 0001 2222",
            "receiveName": "", "receiveFirstName": "GOW", "receiveMiddleName": "", "receiveLastName": "Inc",
            "receiveBirthDate": "", "receiveCountry": "", "receiveProvince": "", "receiveCity": "", "receiveAddr": "",
            "receiveBankName": "UNINE Bank", "receiveBankAddress": "", "bankCountryCode": "", "bankProvince": "",
            "bankCity": "", "branchName": "", "bankSwiftCode": "UA125", "payFirstName": "Juan", "payMiddleName": "Santos",
            "payLastName": "Cruz", "payCountry": "PH", "payDirthDate": "1990-01-31", "noteCode": "N0TE", "dateAudit": None,
            "deadlinePay": None, "timePay": None, "timeIssue": None, "loanType": "",
        }  # fmt: skip

    def test_its_life_as_it_is_told(self, partner, juan):
        partner.push(BUY, PURCHASE)
        seen = []
        for step in (
            lambda: moves.approve(SOURCE, "IN1", "ann"),
            lambda: moves.credit("N0TE", 1000 * 10**8, "ann"),
            lambda: moves.release(SOURCE, "IN1", "ann"),
        ):
            step()
            found = detail(partner, "IN1")
            times = [found[name] is not None for name in ("dateAudit", "deadlinePay", "timePay", "timeIssue")]
            seen.append((found["applyStatus"], times, found["loanType"]))
        assert seen == [
            ("3", [True, True, False, False], ""),
            ("4", [True, True, True, False], ""),
            ("5", [True, True, True, True], "1"),
        ]
        assert found["deadlinePay"] == found["dateAudit"] + 86_400_000
        assert held(juan) == (100 + Decimal(found["currencyAmount"]), 0)

    def test_without_a_middle_name(self, partner, juan):
        assert partner.push(BUY, {**PURCHASE, "middleName": ""}).code == "000000"

    @pytest.mark.parametrize("name", PURCHASE)
    def test_every_field_is_wanted(self, partner, name):
        for body in ({key: value for key, value in PURCHASE.items() if key != name}, {**PURCHASE, name: None}):
            reply = partner.push(BUY, body)
            assert (reply.code, reply.body["description"]) == ("100001", f"缺少参数：{name}")

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("orderNo", "x" * 41, "100001"),
            ("orderNo", "编号", "100001"),
            ("account", "", "100001"),
            ("countryCode", "Philippines", "100001"),
            ("birthDate", "31.1.1990", "100001"),
            ("firstName", "", "100001"),
            ("noteCode", "", "100001"),
            ("superfluous", "1", "100001"),
            ("source", "another", "100005"),
            ("fiatCurrency", "usd", "200004"),
            ("legalAmount", "0", "200005"),
            ("legalAmount", "-1", "200005"),
            ("legalAmount", "1.001", "200005"),
            ("legalAmount", "1e3", "200005"),
            ("legalAmount", "much", "200005"),
            ("account", "stranger", "200003"),
        ],
    )
    def test_what_is_wrong_with_it(self, partner, juan, name, value, code):
        reply = partner.push(BUY, {**PURCHASE, name: value})
        assert reply.code == code
        assert partner.ask(f"{DETAIL}?orderNo=IN1&source={SOURCE}").code == "200002"

    @pytest.mark.parametrize("written", ["1000.50", "1000.5", "1e3", "1E+3", "10.10", "1000"])
    def test_a_number_is_signed_as_it_is_written(self, partner, juan, written):
        body = json.dumps(PURCHASE).replace('"1000"', written)
        reply = partner.push(BUY, body)
        assert reply.code == ("200005" if "e" in written.lower() else "000000")

    @pytest.mark.parametrize("value", [True, [], {}, ["1"]])
    def test_no_other_kind_of_value(self, partner, value):
        assert (
            partner.request("POST", BUY, json.dumps({**PURCHASE, "legalAmount": value}), headers("a", "b")).code
            == "100001"
        )

    def test_the_currency_in_any_case(self, partner, juan):
        assert partner.push(BUY, {**PURCHASE, "fiatCurrency": "PHP"}).code == "000000"


class TestSales:
    def test_the_documents_answer_and_the_coins_are_held(self, partner, juan):
        reply = partner.push(SELL, SALE)
        assert (reply.code, reply.data) == ("000000", {})
        assert held(juan) == (90, 10)

    def test_all_that_is_told_of_one(self, partner, juan):
        partner.push(SELL, SALE)
        found = detail(partner, "OUT1")
        shown = {name: value for name, value in SALE.items() if name.startswith(("receive", "bank", "branch"))}
        assert shown.items() <= found.items(), "in full: it is the partner's own"
        assert (found["applyType"], found["applyStatus"], found["buyType"], found["noteCode"]) == ("2", "1", "", "")
        assert (found["currencyAmount"], found["fee"], found["channelFee"]) == ("10", "0.1", "0.05")
        assert found["legalAmount"] == "559.35"  # (10 − 0.1) × 56.5
        assert {found[name] for name in ("payFirstName", "payLastName", "payCountry", "payDirthDate")} == {""}

    def test_its_life_as_it_is_told(self, partner, juan):
        partner.push(SELL, SALE)
        moves.approve(SOURCE, "OUT1", "ann")
        assert detail(partner, "OUT1")["applyStatus"] == "3"
        moves.pay(SOURCE, "OUT1", "ann")
        found = detail(partner, "OUT1")
        assert (found["applyStatus"], found["loanType"], found["deadlinePay"]) == ("5", "1", None)
        assert found["timeIssue"] >= found["timePay"] >= found["dateAudit"]
        assert held(juan) == (90, 0)

    def test_a_refused_one_gives_the_coins_back(self, partner, juan):
        partner.push(SELL, SALE)
        moves.reject(SOURCE, "OUT1", "ann", "")
        assert detail(partner, "OUT1")["applyStatus"] == "2"
        assert held(juan) == (100, 0)

    @pytest.mark.parametrize("name", SALE)
    def test_every_field_is_wanted_but_province_and_city(self, partner, juan, name):
        reply = partner.push(SELL, {key: value for key, value in SALE.items() if key != name})
        if name in {"receiveProvince", "receiveCity"}:
            assert reply.code == "000000"
        else:
            assert (reply.code, reply.body["description"]) == ("100001", f"缺少参数：{name}")

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("receiveAccount", "no", "100001"),
            ("receiveCountry", "", "100001"),
            ("receiveBirthDate", "yesterday", "100001"),
            ("source", "another", "100005"),
            ("fiatCurrency", "cny", "200004"),
            ("currencyAmount", "0.0000001", "200005"),
            ("currencyAmount", "0", "200005"),
            ("currencyAmount", "100.000001", "200006"),
            ("account", "stranger", "200003"),
        ],
    )
    def test_what_is_wrong_with_it(self, partner, juan, name, value, code):
        assert partner.push(SELL, {**SALE, name: value}).code == code
        assert held(juan) == (100, 0)

    def test_one_who_may_not_withdraw(self, partner, juan):
        users.UserRow(juan).update(actions=[users.UserRow.frozen_until.set(clock.now_ms() + 60_000)])
        reply = partner.push(SELL, SALE)
        assert (reply.code, reply.body["description"]) == ("200003", "安全设置变更后24小时内不能出金：account")


class TestAgain:
    @pytest.mark.parametrize(("url", "body"), [(BUY, PURCHASE), (SELL, SALE)], ids=["purchase", "sale"])
    def test_signed_anew_it_is_answered_the_same(self, partner, juan, url, body):
        now = clock.now_ms()
        for off in range(3):
            assert partner.push(url, body, now + off).code == "000000"
        assert held(juan)[1] in {0, 10}

    @pytest.mark.parametrize(("url", "body", "change"), [
        (BUY, PURCHASE, {"legalAmount": "1001"}),
        (BUY, PURCHASE, {"noteCode": "other"}),
        (SELL, SALE, {"receiveAccount": "99999999"}),
    ])  # fmt: skip
    def test_with_another_content_it_is_refused(self, partner, juan, url, body, change):
        partner.push(url, body)
        reply = partner.push(url, {**body, **change})
        assert (reply.code, reply.status) == ("200001", 200)

    def test_written_otherwise_it_is_the_same(self, partner, juan):
        partner.push(BUY, PURCHASE)
        assert partner.push(BUY, {**PURCHASE, "legalAmount": "1000.00", "fiatCurrency": "PHP"}).code == "000000"


class TestSignatures:
    def test_the_order_of_the_fields_does_not_matter(self, partner, juan):
        assert partner.push(BUY, json.dumps(dict(reversed(PURCHASE.items())))).code == "000000"

    def test_null_is_not_signed(self, partner, juan):
        assert partner.push(SELL, {**SALE, "receiveCity": None}).code == "000000"

    def test_texts_of_any_script(self, partner, juan):
        assert (
            partner.push(BUY, json.dumps({**PURCHASE, "lastName": "Peña 克鲁斯"}, ensure_ascii=False)).code == "000000"
        )

    def test_a_get_signs_no_parameter(self, partner):
        signed = headers(partner.api_key, partner.secret)
        for query in ("account=a", "account=b"):
            reply = partner.request("GET", f"{STATUS}?{query}&source={SOURCE}", headers=signed)
            assert reply.code == "000000"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"sign": ""}, "100002"),
            ({"sign": "0" * 128}, "100002"),
            ({"sign": "é"}, "100002"),
            ({"timestamp": ""}, "100003"),
            ({"timestamp": "yesterday"}, "100003"),
            ({"timestamp": "1566322200000"}, "100003"),
            ({"apiKey": ""}, "100004"),
            ({"apiKey": "4565B83XXXXXXXXXXXXF123"}, "100004"),
            ({"apiKey": "x" * 5000}, "100004"),
            ({"apiKey": "钥匙"}, "100004"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_what_is_wrong_with_it(self, partner, change, code, method):
        signed = {**headers(partner.api_key, partner.secret), **change}
        url = STATUS + f"?account=a&source={SOURCE}" if method == "GET" else BUY
        reply = partner.request(method, url, None if method == "GET" else "{}", signed)
        assert (reply.code, reply.status) == (code, 401)

    @pytest.mark.parametrize("name", ["sign", "timestamp", "apiKey"])
    def test_a_header_that_is_not_there(self, partner, name):
        signed = headers(partner.api_key, partner.secret)
        del signed[name]
        reply = partner.request("GET", f"{STATUS}?account=a&source={SOURCE}", headers=signed)
        assert reply.code == {"sign": "100002", "timestamp": "100003", "apiKey": "100004"}[name]

    def test_a_signature_in_upper_case(self, partner, juan):
        text = json.dumps(PURCHASE)
        signed = headers(partner.api_key, partner.secret, PURCHASE)
        assert partner.request("POST", BUY, text, {**signed, "sign": signed["sign"].upper()}).code == "100002"
        assert partner.request("POST", BUY, text, signed).code == "000000", "and it was not used up"

    @pytest.mark.parametrize("name", PURCHASE)
    def test_every_field_is_signed(self, partner, juan, name):
        signed = headers(partner.api_key, partner.secret, PURCHASE)
        reply = partner.request("POST", BUY, json.dumps({**PURCHASE, name: "7"}), signed)
        assert (reply.code, reply.status) == ("100002", 401)

    @pytest.mark.parametrize(
        ("off", "code"), [(-299_000, "000000"), (299_000, "000000"), (-301_000, "100003"), (301_000, "100003")]
    )
    def test_five_minutes(self, partner, juan, off, code):
        assert partner.push(BUY, PURCHASE, clock.now_ms() + off).code == code

    def test_another_partners_secret(self, partner, juan, app, terms):
        other = partners.add("other", terms, ramp_world.OURS)
        assert PartnerClient(app, partner.api_key, other.secret).push(BUY, PURCHASE).code == "100002"
        reply = PartnerClient(app, other.api_key, other.secret).push(BUY, PURCHASE)
        assert (reply.code, reply.status) == ("100005", 403)

    def test_old_credentials_are_dead_at_once(self, partner, juan):
        made = partners.renew(SOURCE)
        assert partner.push(BUY, PURCHASE).code == "100004"
        assert PartnerClient(partner.app, made.api_key, made.secret).push(BUY, PURCHASE).code == "000000"

    @pytest.mark.parametrize("body", ["[]", "{", '{"a":1,"a":2}', '{"a":NaN}', "\ud83d"])
    def test_what_is_no_object(self, partner, body):
        reply = partner.request("POST", BUY, body, headers(partner.api_key, partner.secret))
        assert (reply.code, reply.status) == ("100001", 200)


class TestReplays:
    def test_inside_the_window_a_call_is_taken_once(self, partner, juan):
        now = clock.now_ms()
        assert partner.push(SELL, SALE, now).code == "000000"
        for _ in range(2):
            reply = partner.push(SELL, SALE, now)
            assert (reply.code, reply.status) == ("100006", 401)
        assert held(juan) == (90, 10)

    def test_of_many_at_once_one_is_taken(self, partner, juan):
        now = clock.now_ms()
        with ThreadPoolExecutor(4) as pool:
            codes = sorted(reply.code for reply in pool.map(lambda _: partner.push(SELL, SALE, now), range(4)))
        assert codes == ["000000", "100006", "100006", "100006"]
        assert held(juan) == (90, 10)

    def test_outside_of_it_its_timestamp_refuses_it(self, partner, juan, monkeypatch):
        now = clock.now_ms()
        partner.push(SELL, SALE, now)
        calls.CallRow(
            next(iter(calls.CallRow.scan(calls.CallRow.key.startswith("call:")))).key
        ).delete()  # as its TTL does
        world.later(monkeypatch, rules.TIMESTAMP_MS_MAX + 1000)
        assert partner.push(SELL, SALE, now).code == "100003"

    def test_a_note_outlives_the_window_of_its_timestamp(self, partner, juan):
        ahead = clock.now_ms() + rules.TIMESTAMP_MS_MAX - 5_000
        assert partner.push(SELL, SALE, ahead).code == "000000"
        (row,) = calls.CallRow.scan(calls.CallRow.key.startswith("call:"))
        assert row.ttl.timestamp() * 1000 > ahead + rules.TIMESTAMP_MS_MAX

    def test_one_that_was_refused_is_used_up_too(self, partner, juan):
        now = clock.now_ms()
        assert partner.push(BUY, {**PURCHASE, "legalAmount": "0"}, now).code == "200005"
        assert partner.push(BUY, {**PURCHASE, "legalAmount": "0"}, now).code == "100006"

    def test_reading_may_be_repeated(self, partner):
        now = clock.now_ms()
        for _ in range(2):
            signed = headers(partner.api_key, partner.secret, timestamp=now)
            assert partner.request("GET", f"{STATUS}?account=a&source={SOURCE}", headers=signed).code == "000000"

    def test_too_many_in_a_minute(self, partner, juan, monkeypatch):
        monkeypatch.setattr(rules, "POSTS_PER_MINUTE_MAX", 2)
        now = clock.now_ms() // 60_000 * 60_000
        monkeypatch.setattr(clock, "now_ms", lambda: now)
        codes = [partner.push(BUY, PURCHASE, now + off).code for off in range(3)]
        assert codes == ["000000", "000000", "100029"]
        monkeypatch.setattr(clock, "now_ms", lambda: now + 60_000)
        assert partner.push(BUY, PURCHASE, now + 7).code == "000000"


class TestErrors:
    def test_an_order_that_is_not_there(self, partner):
        reply = partner.ask(f"{DETAIL}?orderNo=404&source={SOURCE}")
        assert (reply.code, reply.status, reply.data) == ("200002", 200, {})

    @pytest.mark.parametrize(
        "url", [f"{STATUS}?account=a&source=x", f"{RECEIVER}?source=x", f"{DETAIL}?orderNo=1&source=x"]
    )
    def test_anothers_source(self, partner, url):
        reply = partner.ask(url)
        assert (reply.code, reply.status) == ("100005", 403)

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", BUY), ("POST", STATUS), ("GET", "/transaction/nothing"), ("POST", "/transaction/")]
    )
    def test_a_path_or_method_that_is_not_there(self, partner, method, path):
        reply = partner.request(method, path)
        assert (reply.code, reply.status) == ("100001", 404)

    def test_a_fault_of_ours(self, partner, juan, monkeypatch):
        def broken(*_):
            raise RuntimeError("Juan Cruz 001234567890")

        monkeypatch.setattr("chalicelib.services.ramp.orders.sell", broken)
        reply = partner.push(SELL, SALE, Accept_Language="en")
        assert (reply.code, reply.status, reply.body["description"]) == ("999999", 200, "Internal error")
        assert set(reply.data) == {"correlation_id"}

    def test_the_documented_codes_are_all_there(self):
        codes = {spelling.code for spelling in SPELLINGS.values()}
        wanted = (
            {f"10000{digit}" for digit in range(1, 7)}
            | {f"20000{digit}" for digit in range(1, 7)}
            | {"100029", "999999"}
        )
        assert codes == wanted

    def test_http_statuses(self):
        statuses = {spelling.code: spelling.status for spelling in SPELLINGS.values() if spelling.status != 404}
        assert {code for code, status in statuses.items() if status == 401} == {"100002", "100003", "100004", "100006"}
        assert {code for code, status in statuses.items() if status == 403} == {"100005"}
        assert set(statuses.values()) == {200, 401, 403}

    @pytest.mark.parametrize("reason", Reason)
    def test_every_reason_in_two_languages(self, reason):
        assert not message(Refused(reason), "zh").isascii()
        assert message(Refused(reason), "en").isascii()
        assert message(Refused(reason, "x"), "en").endswith(": x")


def test_the_documents_example_of_our_account_passes_its_own_contract():
    assert len(contract()["GET /transaction/getOrderDetail"]["answer"]) == 41


def test_its_transfers_are_transfers_in_other_dialects_too(partner, juan, app):
    """Coinport shows them to their owner; nobody but the ramp can cancel the one that holds."""
    partner.push(BUY, PURCHASE)
    moves.approve(SOURCE, "IN1", "ann")
    moves.credit("N0TE", 1000 * 10**8, "ann")
    moves.release(SOURCE, "IN1", "ann")
    partner.push(SELL, SALE)
    cookie = identity.begin_session(users.get(juan), "203.0.113.7", "tests")
    browser = Client(app, {"Cookie": f"session={cookie}"})
    (withdrawal,) = browser.get("/api/v2/user/withdrawals?currency=USDT").data["withdrawals"]
    assert (withdrawal["quantity"], withdrawal["status"]) == (10, 0)
    assert browser.post("/api/v2/user/cancel_withdrawal", {"tranfer_id": int(withdrawal["id"])}).code == 6001
    assert browser.get("/api/v2/user/balance").data["USDT"] == [Decimal("107.433628"), 0, 10, Decimal("117.433628")]
    assert len(browser.get("/api/v2/user/deposits?currency=USDT").data["deposits"]) == 2


def test_one_whose_account_is_blocked_sells_nothing(partner, juan):
    ledger.AccountRow(juan).update(actions=[ledger.AccountRow.blocked.set({"a deposit that its chain took back"})])
    assert partner.push(SELL, SALE).code == "200003"


def test_what_is_bought_can_be_traded(partner, juan):
    """One ledger: coins from the ramp are coins."""
    partner.push(BUY, PURCHASE)
    moves.approve(SOURCE, "IN1", "ann")
    moves.credit("N0TE", 1000 * 10**8, "ann")
    moves.release(SOURCE, "IN1", "ann")
    assert wallet.balances(accounts.of(SOURCE, ACCOUNT))["USDT"].available == 11_743_362_800
