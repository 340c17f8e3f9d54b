"""Files of succeeded transfers: each in exactly one, whenever it succeeded and whatever the writer died of."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib import settings
from chalicelib.core.reasons import Refused
from chalicelib.core.transfers import Rail, Status
from chalicelib.services import transfer_files, wallet
from chalicelib.services.transfer_files import HOUR_MS, SETTLED_MS
from chalicelib.stores import accounts, transfers
from chalicelib.stores import transfer_files as rows
from chalicelib.stores.transfers import Deposit, Withdrawal
from tests.cloud import empty
from tests.faults.injection import FAULTS, Faults, injected

ANN = "1000000001"
#: A moment in the middle of an hour.
NOON = 1_800_000_000_000


@pytest.fixture
def quiet(small, watch, monkeypatch):
    """An exchange of three markets and a clock that tests wind."""
    watch.now = NOON
    accounts.ensure(ANN)
    return watch


def deposit(number, amount=10**8, asset="BTC", **more):
    return transfers.credit(Deposit(f"deposit:{asset}:{number:04}:0", ANN, asset, amount, NOON, **more))


def contents(asset="BTC"):
    """What the files hold, the oldest file first."""
    page = rows.listed(asset, None, 1000)
    assert not page.more
    return [json.loads(rows.content(file), parse_float=Decimal) for file in reversed(page.items)]


def told(asset="BTC"):
    """The ids that the files hold, in their order."""
    return [one["id"] for content in contents(asset) for one in content["transfers"]]


class TestFiles:
    def test_an_hour_is_written_once_it_has_closed(self, quiet):
        one = deposit(1, 150_000_000, address="1abc")
        quiet.wind(HOUR_MS - NOON % HOUR_MS + SETTLED_MS - 60_000)
        assert transfer_files.write() == []
        quiet.wind(60_000)
        (file,) = transfer_files.write()
        (content,) = contents()
        end = (one.succeeded // HOUR_MS + 1) * HOUR_MS
        assert (file.id, file.name) == (end, f"transfer-{end}.json")
        assert file.size == len(rows.content(file))
        assert content == {
            "currency": "BTC",
            "from": end - HOUR_MS,
            "until": end,
            "transfers": [
                {
                    "id": str(one.number),
                    "uid": ANN,
                    "kind": "deposit",
                    "amount": Decimal("1.5"),
                    "fee": 0,
                    "created": NOON,
                    "succeeded": one.succeeded,
                    "address": "1abc",
                    "txid": "0001",
                }
            ],
        }
        assert transfer_files.write() == []

    def test_both_kinds_by_when_they_succeeded_not_by_when_they_were_opened(self, quiet):
        deposit(0)
        early = transfers.open_withdrawal(Withdrawal(ANN, "BTC", 10**7, 10**5, NOON, address="1x"), ANN, "asked")
        early = transfers.move(early, Status.ACCEPTED, "tests", "")
        quiet.wind(2 * HOUR_MS)
        late = deposit(1)
        quiet.wind(2 * HOUR_MS)
        transfer_files.write()
        assert early.number < late.number
        assert str(early.number) not in told()
        paid = transfers.move(early, Status.SUCCEEDED, "tests", "")
        quiet.wind(2 * HOUR_MS)
        transfer_files.write()
        assert told()[-2:] == [str(late.number), str(early.number)]
        row = contents()[-1]["transfers"][0]
        assert (row["kind"], row["amount"], row["fee"]) == ("withdrawal", Decimal("0.1"), Decimal("0.001"))
        assert (row["created"], row["succeeded"]) == (NOON, paid.succeeded)

    def test_bank_cards_and_what_a_bank_said_are_left_out(self, quiet):
        wallet.credit(ANN, "CNY", Decimal(100), "ICBC 6222 0212, Wu San")
        card = Withdrawal(ANN, "CNY", 10**9, 0, NOON, Rail.OPERATOR, address="Wu San|6222|ICBC|")
        held = transfers.move(transfers.open_withdrawal(card, ANN, "asked"), Status.PROCESSING, "ops", "")
        wallet.paid_withdrawal(held.number, "ICBC 4711, to Wu San")
        quiet.wind(2 * HOUR_MS)
        transfer_files.write()
        assert [(one["address"], one["txid"]) for one in contents("CNY")[0]["transfers"]] == [("", "")] * 2

    def test_a_file_holds_so_many_and_no_more(self, quiet, monkeypatch):
        monkeypatch.setattr(transfer_files, "TRANSFERS_MAX", 2)
        made = [deposit(number) for number in range(5)]
        quiet.wind(2 * HOUR_MS)
        files = transfer_files.write()
        assert [file.count for file in files] == [2, 2, 1]
        assert [file.id - files[0].id for file in files] == [0, 1, 2]
        assert told() == [str(one.number) for one in made]

    def test_those_of_one_millisecond_stand_in_an_order_of_their_own(self, quiet, monkeypatch):
        monkeypatch.setattr(transfer_files, "TRANSFERS_MAX", 2)
        monkeypatch.setattr("chalicelib.clock.now_ms", lambda: NOON)
        made = [deposit(number) for number in (3, 1, 2)]
        monkeypatch.setattr("chalicelib.clock.now_ms", lambda: NOON + 2 * HOUR_MS)
        transfer_files.write()
        assert told() == [str(one.number) for one in sorted(made, key=lambda one: one.id)]

    def test_years_without_a_success_cost_nothing(self, quiet, monkeypatch):
        deposit(1)
        quiet.wind(30_000 * HOUR_MS)
        deposit(2)
        quiet.wind(2 * HOUR_MS)
        with injected(monkeypatch, Faults()) as calls:
            assert len(transfer_files.write()) == 2
        assert len(calls.seen) <= 2 * len(settings.exchange().assets) + 2 * 5

    def test_a_bank_card_is_nobodys_business(self, quiet):
        deposit(1, 10**10, "CNY")
        held = transfers.open_withdrawal(
            Withdrawal(ANN, "CNY", 10**9, 0, NOON, Rail.OPERATOR, address="Wu|6222|Bank|"), ANN, "asked"
        )
        transfers.move(transfers.move(held, Status.PROCESSING, "ops", ""), Status.SUCCEEDED, "ops", "")
        quiet.wind(2 * HOUR_MS)
        transfer_files.write()
        assert [one["address"] for one in contents("CNY")[0]["transfers"]] == ["", ""]

    def test_what_a_chain_took_back_stays_in_its_file_and_comes_into_no_other(self, quiet):
        one = deposit(1)
        for status in (Status.REORGANIZING, Status.REORGANIZED):
            one = transfers.move(one, status, "custody", "")
        quiet.wind(2 * HOUR_MS)
        transfer_files.write()
        first = contents()
        transfers.move(one, Status.SUCCEEDED, "custody", "")
        quiet.wind(2 * HOUR_MS)
        assert transfer_files.write() == []
        assert contents() == first
        assert told() == [str(one.number)]

    @pytest.mark.parametrize("name", ["transfer-0.json", "transfer-1.json", "transfer-01.json", "x", "transfer-١.json"])
    def test_a_link_leads_to_what_is_listed_only(self, quiet, name):
        deposit(1)
        quiet.wind(2 * HOUR_MS)
        (file,) = transfer_files.write()
        assert "X-Amz-Signature" in transfer_files.link("BTC", file.name)
        with pytest.raises(Refused):
            transfer_files.link("BTC", name)
        with pytest.raises(Refused):
            transfer_files.link("LTC", file.name)

    def test_pages_join(self, quiet):
        for number in range(5):
            deposit(number)
            quiet.wind(HOUR_MS)
        quiet.wind(HOUR_MS)
        written = [file.id for file in transfer_files.write()]
        seen, cursor, more = [], None, True
        while more:
            page = transfer_files.listed("BTC", cursor, 2)
            seen += [file.id for file in page.items]
            cursor, more = seen[-1], page.more
        assert seen == sorted(written, reverse=True)
        assert transfer_files.listed("BTC", 1, 2).items == []


#: Minutes to wind the clock on, and what happens then.
STEPS = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["deposit", "open", "pay", "write", "die"])), min_size=1, max_size=25
)


@hypothesis_settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, part=st.integers(1, 3))
def test_every_success_is_in_exactly_one_file(quiet, monkeypatch, steps, part):
    empty()
    quiet.now = NOON
    accounts.ensure(ANN)
    deposit(9999, asset="CNY", amount=10**12)
    monkeypatch.setattr(transfer_files, "TRANSFERS_MAX", part)
    held, successes = [], [transfers.get("deposit:CNY:9999:0")]
    for number, (minutes, what) in enumerate(steps):
        quiet.wind(minutes * 60_000)
        if what == "deposit":
            successes.append(deposit(number, asset="CNY"))
        elif what == "open":
            wanted = Withdrawal(ANN, "CNY", 10**8, 0, quiet.now, Rail.OPERATOR)
            held.append(transfers.move(transfers.open_withdrawal(wanted, ANN, ""), Status.PROCESSING, "ops", ""))
        elif what == "pay" and held:
            successes.append(transfers.move(held.pop(number % len(held)), Status.SUCCEEDED, "ops", ""))
        elif what == "write":
            transfer_files.write()
        elif what == "die":
            with injected(monkeypatch, Faults(number % 7 + 1, FAULTS["after"])), suppress(Exception):
                transfer_files.write()
        found = told("CNY")
        assert len(found) == len(set(found))
    quiet.wind(2 * HOUR_MS)
    transfer_files.write()
    assert told("CNY") == [str(one.number) for one in sorted(successes, key=lambda one: (one.succeeded, one.id))]
