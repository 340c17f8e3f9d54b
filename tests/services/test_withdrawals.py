"""Withdrawals: what is refused and in which order, what is held, who approves, and what operators may say."""

from decimal import Decimal

import pyotp
import pytest
from botocore.client import BaseClient

from chalicelib import clock, settings
from chalicelib.core.bank_cards import card
from chalicelib.core.identity import Channel, Email, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind, Rail, Status
from chalicelib.services import identity, wallet
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import Given, SentCode
from chalicelib.stores import accounts, allowances, bank_cards, codes, transfers, users
from infra import roles
from infra.grants import table
from tests.faults.injection import Faults, injected, lost
from tests.services import world
from tests.services.custody import ACCOUNT, kept

BTC = "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj"
NXT = "NXT-2Z5K-53Q4-WKWM-6X3TF"
NXT_KEY = "4eb53cf353efb667e103fe9bb332737ce52bf2a7816cb9240145078dde78e106"
ADDRESSES = {
    "BTC": BTC,
    "XRP": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "NXT": NXT,
    "BTSX": "coinport",
    "GOOC": "anything that an operator can read",
    "USDT": "a",
}
CARD = card("招商银行", "吴三", "2934723894572398749", "海淀支行")
CNY = "吴三|2934723894572398749|招商银行|海淀支行"
CODE = "123456"


@pytest.fixture(autouse=True)
def _exchange(small, watch):
    world.forget()
    yield
    world.check()


def person(**funds):
    """Somebody with funds whose withdrawals ask for no factor."""
    uid = users.next_uid()
    users.register(uid, Email(f"{uid}@example.com", f"{uid}@example.com"), {}, "en", 0)
    amend(uid, email_auth=False)
    return world.person(uid, **funds)


def amend(uid, **changes):
    users.UserRow(uid).update(actions=[getattr(users.UserRow, name).set(value) for name, value in changes.items()])


def submit(uid, amount, asset="BTC", address=None, given=None, **more):
    return wallet.submit_withdrawal(
        uid, asset, Decimal(str(amount)), ADDRESSES[asset] if address is None else address, given or Given(), **more
    )


def refused(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.reason, caught.value.parameter


def funds(uid, asset="BTC"):
    """(available, pending) in whole units."""
    found = wallet.balances(uid)[asset]
    return Decimal(found.available) / 10**8, Decimal(found.pending) / 10**8


def mail_code(uid):
    """A code as if it had been mailed."""
    receiver = Receiver(Channel.MAIL, users.get(uid).email, uid)
    code_id = identity.codes._new_id()
    mac = identity.codes._mac(code_id, Purpose.VERIFICATION, receiver, CODE)
    codes.keep_code(code_id, uid, mac, clock.now_ms() + 600_000)
    return SentCode(code_id, CODE)


def bind_card(uid):
    identity.add_card(uid, CARD, mail_code(uid))


class TestSubmitting:
    def test_the_amount_is_held_and_its_fee_is_part_of_it(self):
        ann = person(BTC="7")
        opened = submit(ann, 6)
        assert (opened.amount, opened.fee, opened.address, opened.status) == (6 * 10**8, 50_000, BTC, Status.PENDING)
        assert funds(ann) == (1, 6)
        assert wallet.withdrawals(ann, None, None, 9, None).items == [opened]
        assert [move.by for move in transfers.log(opened.id)] == [ann]

    @pytest.mark.parametrize(
        ("asset", "amount", "fee"),
        [
            ("CNY", "3", "2"),
            ("CNY", "500", "2"),
            ("CNY", "500.00001", "2.00001"),
            ("CNY", "10000", "40"),
            ("GOOC", "1000", "0"),
            ("USDT", "10", "1"),
            ("XRP", "10", "1"),
        ],
    )
    def test_fees_are_the_assets_rounded_up_to_what_can_be_paid(self, asset, amount, fee):
        ann = person(**{asset: "20000"})
        bind_card(ann)
        opened = submit(ann, amount, asset, CNY if asset == "CNY" else None)
        assert Decimal(opened.fee) / 10**8 == Decimal(fee)

    @pytest.mark.parametrize(
        ("asset", "amount", "address", "expected"),
        [
            ("EUR", "1", BTC, (Reason.NO_SUCH_CURRENCY, "currency")),
            ("BTC", "0.009999999", BTC, (Reason.PARAMETER_INVALID, "amount")),
            ("XRP", "10.0000001", "", (Reason.PARAMETER_INVALID, "amount")),
            ("BTC", "0", BTC, (Reason.PARAMETER_INVALID, "amount")),
            ("BTC", "-1", BTC, (Reason.PARAMETER_INVALID, "amount")),
            ("BTC", "NaN", BTC, (Reason.PARAMETER_INVALID, "amount")),
            ("BTC", "10000000001", BTC, (Reason.PARAMETER_INVALID, "amount")),
            ("BTC", "0.00999999", "no address", (Reason.BELOW_MINIMUM, "amount")),
            ("CNY", "2", "no card", (Reason.PARAMETER_INVALID, "amount")),
            ("BTC", "1", BTC[:-1], (Reason.WITHDRAWAL_ADDRESS, "address")),
            ("BTC", "1", "", (Reason.WITHDRAWAL_ADDRESS, "address")),
            ("GOOC", "1000", "", (Reason.WITHDRAWAL_ADDRESS, "address")),
            ("XRP", "10", BTC, (Reason.WITHDRAWAL_ADDRESS, "address")),
            ("CNY", "3", CNY, (Reason.WITHDRAWAL_ADDRESS, "address")),
            ("CNY", "3", "吴三|x", (Reason.WITHDRAWAL_ADDRESS, "address")),
        ],
    )
    def test_what_is_refused_is_told_in_the_documents_order_and_holds_nothing(self, asset, amount, address, expected):
        ann = person()
        amend(ann, email_auth=True, frozen_until=2**50)
        assert refused(wallet.submit_withdrawal, ann, asset, Decimal(amount), address, Given()) == expected
        assert list(transfers.scan()) == []

    def test_then_the_freeze_then_the_factors_then_the_funds(self):
        ann = person()
        amend(ann, email_auth=True, frozen_until=2**50)
        assert refused(submit, ann, 1) == (Reason.WITHDRAWALS_FROZEN, None)
        amend(ann, frozen_until=0)
        assert refused(submit, ann, 1) == (Reason.PARAMETER_MISSING, "emailCode")
        code = mail_code(ann)
        wrong = Given(SentCode(code.id, "654321"))
        assert refused(submit, ann, 1, given=wrong) == (Reason.EMAIL_CODE, "emailCode")
        assert refused(submit, ann, 1, given=Given(code)) == (Reason.INSUFFICIENT_FUNDS, "amount")
        world.person(ann, BTC="1")
        assert submit(ann, 1, given=Given(code)).amount == 10**8, "a refused withdrawal does not use a code up"
        world.person(ann, BTC="1")
        assert refused(submit, ann, 1, given=Given(code)) == (Reason.EMAIL_CODE, "emailCode")

    def test_one_code_is_good_for_one_of_two_at_the_same_moment(self, monkeypatch):
        ann = person(BTC="4")
        amend(ann, email_auth=True)
        code = mail_code(ann)
        prove = identity.prove

        def both_prove(uid, given):
            found = prove(uid, given)
            monkeypatch.setattr(identity, "prove", prove)
            submit(ann, 1, given=Given(code))
            return found

        monkeypatch.setattr(identity, "prove", both_prove)
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        assert refused(submit, ann, 1, given=Given(code)) == (Reason.EMAIL_CODE, "emailCode")
        assert funds(ann) == (3, 1)

    def test_one_authenticator_code_is_good_for_one(self, monkeypatch):
        ann = person(BTC="4")
        issued = identity.issue_totp(ann)
        identity.bind_totp(ann, issued.secret, pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000 - 30))
        given = Given(totp=pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000))
        amend(ann, frozen_until=0)
        assert refused(submit, ann, 1) == (Reason.PARAMETER_MISSING, "googleCode")
        prove = identity.prove

        def both_prove(uid, _given):
            found = prove(uid, given)
            monkeypatch.setattr(identity, "prove", prove)
            submit(ann, 1, given=given)
            return found

        monkeypatch.setattr(identity, "prove", both_prove)
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        assert refused(submit, ann, 1, given=given) == (Reason.TOTP_CODE, "googleCode")
        assert refused(submit, ann, 1, given=given) == (Reason.TOTP_CODE, "googleCode")
        assert funds(ann) == (3, 1)

    @pytest.mark.parametrize("totp", [False, True], ids=["nothing", "totp"])
    @pytest.mark.parametrize(
        "changes",
        [{"frozen_until": 2**50}, {"auth_epoch": 2}, {"standing": "disabled"}],
        ids=["frozen", "credential", "stopped"],
    )
    def test_a_credential_that_changes_at_the_same_moment_stops_it(self, monkeypatch, changes, totp):
        ann = person(BTC="4")
        given = Given()
        if totp:
            issued = identity.issue_totp(ann)
            identity.bind_totp(ann, issued.secret, pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000 - 30))
            given = Given(totp=pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000))
        step = users.get(ann).totp_step
        prove = identity.prove

        def then_changed(uid, given):
            found = prove(uid, given)
            amend(ann, **changes)
            return found

        monkeypatch.setattr(identity, "prove", then_changed)
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        assert refused(submit, ann, 1, given=given) == (Reason.WITHDRAWALS_FROZEN, None)
        assert (funds(ann), users.get(ann).totp_step) == ((4, 0), step)

    def test_who_has_no_account_has_no_funds(self):
        assert refused(submit, "1000000009", 1) == (Reason.NO_SUCH_USER, None)

    def test_while_a_chain_has_taken_a_deposit_back_nothing_leaves(self):
        ann = person()
        deposit = wallet.credit(ann, "BTC", Decimal(9), "t")
        waiting = submit(ann, 6)
        transfers.move(deposit, Status.REORGANIZING, "custody", "block gone")
        assert refused(submit, ann, 1) == (Reason.ACCOUNT_UNUSABLE, None)
        assert refused(wallet.approve_withdrawal, waiting.number) == (Reason.ACCOUNT_UNUSABLE, None)
        (result,) = [refused(world.place, ann, "BTC-CNY", "sell", 1, 1)]
        assert result[0] is Reason.ACCOUNT_UNUSABLE


@pytest.mark.parametrize("function", ["api-wallet", "api-router", "api-draft"])
def test_whoever_takes_withdrawals_may_do_what_a_refused_one_needs(monkeypatch, function):
    """A transaction that was cancelled is looked into, which a role must allow too."""
    ann = person(BTC="1")
    granted = {(action, str(grant.resources)) for grant in roles.GRANTS[function] for action in grant.actions}
    call = BaseClient._make_api_call

    def guarded(client, operation, kwargs):
        if (name := kwargs.get("TableName")) is not None:
            (resources,) = {str(table(name.removeprefix(f"{settings.STACK}-"), "GetItem").resources)}
            assert (f"dynamodb:{operation}", resources) in granted, f"{operation} {name}"
        return call(client, operation, kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", guarded)
        assert refused(submit, ann, 2) == (Reason.INSUFFICIENT_FUNDS, "amount")


class TestTargets:
    def test_money_goes_to_a_bound_card_and_only_operators_see_it_whole(self):
        ann = person(CNY="100")
        bind_card(ann)
        opened = submit(ann, 50, "CNY", CNY)
        assert opened.address == "吴*|293472*********8749|招商银行|海淀支行"
        assert wallet.full_address(transfers.get(opened.id)) == CNY
        assert "2934723894572398749" not in repr(opened)
        assert opened.rail is Rail.OPERATOR
        (row,) = [row for row in transfers.TransferRow.scan() if row.kind == "withdrawal"]
        assert "2934723894572398749" not in str(row.serialize())

    @pytest.mark.parametrize(
        "address",
        [
            "吴四|2934723894572398749|招商银行|海淀支行",
            "吴三|2934723894572398748|招商银行|海淀支行",
            "吴三|2934723894572398749|工商银行|海淀支行",
            "吴三|2934723894572398749|招商银行",
            "吴三|2934723894572398749|招商银行|海淀支行|",
            "|||",
            BTC,
        ],
    )
    def test_a_card_that_is_not_bound_is_no_address(self, address):
        ann = person(CNY="100")
        bind_card(ann)
        assert refused(submit, ann, 50, "CNY", address) == (Reason.WITHDRAWAL_ADDRESS, "address")

    def test_nobody_is_paid_to_anothers_card(self):
        ann, bob = person(CNY="100"), person(CNY="100")
        bind_card(bob)
        assert refused(submit, ann, 50, "CNY", CNY) == (Reason.WITHDRAWAL_ADDRESS, "address")

    @pytest.mark.parametrize(
        ("asset", "memo", "kept_memo"),
        [
            ("XRP", "", ""),
            ("XRP", "4294967295", "4294967295"),
            ("BTSX", "btc38-btsx-octo-72722", "btc38-btsx-octo-72722"),
            ("NXT", NXT_KEY, NXT_KEY),
            ("NXT", NXT, NXT),
            ("BTC", "whatever", ""),
        ],
    )
    def test_a_memo_goes_along_where_a_coin_has_one(self, asset, memo, kept_memo):
        ann = person(**{asset: "10"})
        amount = "1" if asset == "BTC" else "10"
        assert submit(ann, amount, asset, memo=memo).memo == kept_memo

    @pytest.mark.parametrize(
        ("asset", "memo", "parameter"),
        [
            ("XRP", "4294967296", "memo"),
            ("XRP", "-1", "memo"),
            ("XRP", "١", "memo"),
            ("BTSX", "a\nb", "memo"),
            ("BTSX", "x" * 101, "memo"),
            ("NXT", "00" * 32, "nxt_public_key"),
            ("NXT", "NXT-YP69-FGG3-GV6R-3A5BN", "nxt_public_key"),
            ("NXT", "x", "nxt_public_key"),
        ],
    )
    def test_one_that_would_go_astray_is_refused(self, asset, memo, parameter):
        ann = person(**{asset: "10"})
        assert refused(submit, ann, 10, asset, memo=memo) == (Reason.PARAMETER_INVALID, parameter)


class TestApproval:
    def test_small_ones_are_approved_at_once_until_the_days_sum_reaches_the_limit(self, watch):
        ann, bob = person(BTC="20"), person(BTC="20")
        statuses = [submit(ann, amount).status for amount in ("4", "0.99999999", "0.01", "0.02")]
        assert statuses == [1, 1, 0, 0]
        assert submit(bob, 1).status == 1, "each person has a limit of their own"
        watch.wind(24 * 3600 * 1000)
        assert submit(ann, "4.99999999").status == 1
        assert submit(ann, "0.01").status == 0

    def test_what_waits_for_an_operator_is_counted(self, monkeypatch):
        counted = []
        monkeypatch.setattr("chalicelib.telemetry.count", lambda name, **where: counted.append((name, where)))
        ann = person(BTC="20", GOOC="5000")
        for amount, asset in ((1, "BTC"), (6, "BTC"), (1000, "GOOC")):
            submit(ann, amount, asset)
        assert counted == [("WithdrawalWaits", {"asset": "BTC"}), ("WithdrawalWaits", {"asset": "GOOC"})]

    def test_what_operators_approved_counts_and_what_was_given_back_does_not(self):
        ann = person(BTC="20")
        wallet.approve_withdrawal(submit(ann, 6).number)
        assert submit(ann, "0.01").status == 0
        bob = person(BTC="20")
        wallet.cancel_withdrawal(bob, submit(bob, 6).number)
        assert submit(bob, 1).status == 1
        cy = person(BTC="20")
        wallet.reject_withdrawal(submit(cy, 4).number, "an address on a list")
        assert submit(cy, 4).status == 1, "what was approved at once and then stopped counts as little"

    def test_each_asset_has_its_own_limit_and_money_always_waits(self):
        ann = person(BTC="20", DOGE="100", GOOC="5000", CNY="100", USDT="100")
        bind_card(ann)
        assert submit(ann, 4).status == 1
        assert submit(ann, 10, "DOGE", "DCXhmCU3tnNEh5kBEHoMkLfeU1Sw47R2XA").status == 1
        assert [submit(ann, 1000, "GOOC").status, submit(ann, 10, "USDT").status] == [0, 0]
        assert submit(ann, 50, "CNY", CNY).status == 0

    @pytest.mark.parametrize("number", range(12))
    def test_two_at_the_same_moment_do_not_both_slip_under_the_limit(self, monkeypatch, number):
        ann = person(BTC="20")

        def second_one_comes(call):
            submit(ann, 3)
            return call()

        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        with injected(monkeypatch, Faults(number, second_one_comes)) as faults:
            submit(ann, 3)
        found = [one.status for one in transfers.scan() if one.kind is Kind.WITHDRAWAL]
        if len(faults.seen) > number:
            assert sorted(found) == [0, 1]
        else:
            assert found == [1]

    def test_two_that_do_not_see_each_other_in_the_list_still_see_the_row_of_the_limit(self, monkeypatch):
        ann = person(BTC="20")
        monkeypatch.setattr(transfers, "since", lambda *_: [])
        assert [submit(ann, 3).status, submit(ann, 3).status] == [1, 0]
        assert next(iter(allowances.get(ann, "BTC").spent.values()))[1] == 3 * 10**8

    def test_an_approval_that_fails_leaves_it_to_an_operator_and_rings(self, monkeypatch):
        rung = []
        monkeypatch.setattr("chalicelib.telemetry.alarm", lambda name, *_, **__: rung.append(name))

        def failing(*_):
            raise lost()

        ann = person(BTC="20")
        monkeypatch.setattr(allowances, "get", failing)
        opened = submit(ann, 1)
        assert (opened.status, rung) == (0, ["withdrawal_not_approved"])
        assert wallet.approve_withdrawal(opened.number).status is Status.ACCEPTED


class TestCancelling:
    def test_it_gives_the_money_back_once(self):
        ann = person(BTC="9")
        opened = submit(ann, 6)
        assert wallet.cancel_withdrawal(ann, opened.number).status is Status.CANCELLED
        assert funds(ann) == (9, 0)
        assert refused(wallet.cancel_withdrawal, ann, opened.number) == (Reason.TRANSFER_NOT_CANCELLABLE, None)
        assert funds(ann) == (9, 0)

    def test_only_ones_own_only_what_waits(self):
        ann, bob = person(BTC="9"), person(BTC="9")
        waiting, approved = submit(ann, 6), wallet.approve_withdrawal(submit(ann, 1).number)
        assert refused(wallet.cancel_withdrawal, bob, waiting.number) == (Reason.NOT_YOURS, None)
        assert refused(wallet.cancel_withdrawal, ann, approved.number) == (Reason.TRANSFER_NOT_CANCELLABLE, None)
        for number in (waiting.number + 1, 0, -1, 10**30, 1000000051918):
            assert refused(wallet.cancel_withdrawal, ann, number) == (Reason.NO_SUCH_TRANSFER, None)

    def test_a_sale_of_the_ramp_is_not_the_persons_to_cancel_nor_the_operators_to_pay(self):
        ann = person(USDT="9")
        sale = transfers.open_withdrawal(
            transfers.Withdrawal(ann, "USDT", 10**8, 0, clock.now_ms(), Rail.RAMP), "ramp", "order 1"
        )
        assert refused(wallet.cancel_withdrawal, ann, sale.number) == (Reason.TRANSFER_NOT_CANCELLABLE, None)
        for verb in (wallet.approve_withdrawal, lambda number: wallet.paid_withdrawal(number, "")):
            assert refused(verb, sale.number) == (Reason.NO_SUCH_TRANSFER, "id")
        assert list(wallet.under_way(Kind.WITHDRAWAL, None)) == []
        # The audit misses the order that this sale would be of.
        transfers.move(sale, Status.REJECTED, "ramp", "refused")
        transfers.TransferRow(sale.id).delete()


class TestDesk:
    def test_money_is_approved_then_paid(self):
        ann = person(GOOC="3000")
        opened = submit(ann, 1000, "GOOC")
        assert refused(wallet.paid_withdrawal, opened.number, "") == (Reason.PARAMETER_INVALID, "id")
        assert wallet.approve_withdrawal(opened.number).status is Status.PROCESSING
        assert refused(wallet.approve_withdrawal, opened.number) == (Reason.PARAMETER_INVALID, "id")
        assert [one.number for one in wallet.under_way(Kind.WITHDRAWAL, None)] == [opened.number]
        assert wallet.paid_withdrawal(opened.number, "ref 7").txid == "ref 7"
        assert funds(ann, "GOOC") == (2000, 0)
        assert list(wallet.under_way(Kind.WITHDRAWAL, "GOOC")) == []
        found, log = wallet.withdrawal_with_log(opened.number)
        assert (found.status, [move.why for move in log]) == (4, ["submitted", "approved", "paid"])

    def test_a_coin_without_a_node_is_paid_by_hand_and_one_with_a_node_is_custodys(self, monkeypatch):
        ann = person(BTC="20")
        number = submit(ann, 1).number
        kept(monkeypatch, {"BTC": {"account": ACCOUNT, "node": "core"}})
        assert refused(wallet.paid_withdrawal, number, "t") == (Reason.PARAMETER_INVALID, "id")
        monkeypatch.setattr(settings, "custody", dict)
        assert wallet.paid_withdrawal(number, "t").status is Status.SUCCEEDED
        assert funds(ann) == (19, 0)

    def test_one_that_custody_began_to_pay_is_not_given_back(self):
        ann = person(BTC="20")
        seen = submit(ann, 1)
        seen = transfers.move(seen, Status.ACCEPTED, "custody", "intent", {"payout": "p"})
        assert refused(wallet.reject_withdrawal, seen.number, "no") == (Reason.PARAMETER_INVALID, "id")
        transfers.move(seen, Status.ERROR, "custody", "the node lost it")
        assert wallet.reject_withdrawal(seen.number, "it never left").status is Status.REJECTED
        assert funds(ann) == (20, 0)

    def test_a_rejected_one_is_given_back(self):
        ann = person(BTC="20")
        for amount in (1, 6):
            assert wallet.reject_withdrawal(submit(ann, amount).number, "no").status is Status.REJECTED
        assert funds(ann) == (20, 0)
        assert refused(wallet.reject_withdrawal, 7, "no") == (Reason.NO_SUCH_TRANSFER, "id")

    def test_deposits_that_wait_are_approved_or_rejected(self):
        ann = person()

        def noticed(txid):
            deposit = transfers.Deposit(f"deposit:BTC:{txid}:0", ann, "BTC", 10**8, clock.now_ms())
            return transfers.notice_deposit(deposit, "custody", "seen")

        first, second = noticed("a"), noticed("b")
        assert {one.number for one in wallet.under_way(Kind.DEPOSIT, None)} == {first.number, second.number}
        assert wallet.approve_deposit(first.number).credited
        assert wallet.reject_deposit(second.number, "not ours").status is Status.REJECTED
        for number in (first.number, second.number, 7):
            assert refused(wallet.approve_deposit, number) == (Reason.NO_SUCH_TRANSFER, "id")
        assert funds(ann) == (1, 0)
        assert refused(wallet.credit, ann, "BTC", Decimal(1), "b") == (Reason.PARAMETER_INVALID, "txid")

    def test_what_a_chain_took_back_is_taken_once_it_is_there(self):
        ann = person()
        deposit = wallet.credit(ann, "BTC", Decimal(9), "t")
        waiting = submit(ann, 6)
        gone = transfers.move(deposit, Status.REORGANIZING, "custody", "block gone")
        assert refused(wallet.reject_deposit, gone.number, "gone") == (Reason.INSUFFICIENT_FUNDS, "id")
        wallet.reject_withdrawal(waiting.number, "no cover")
        assert wallet.reject_deposit(gone.number, "gone").status is Status.FAILED
        assert funds(ann) == (0, 0)
        assert accounts.get(ann).blocked == frozenset()


class TestLists:
    def test_newest_first_by_kind_asset_cursor_and_ids(self):
        ann, bob = person(BTC="20", GOOC="5000"), person(BTC="20")
        mine = [submit(ann, 1), submit(ann, 1000, "GOOC"), submit(ann, 2)]
        theirs = submit(bob, 1)
        numbers = [one.number for one in mine]

        def listed(*args):
            page = wallet.withdrawals(ann, *args)
            return [one.number for one in page.items], page.more

        assert listed(None, None, 9, None) == (numbers[::-1], False)
        assert listed("BTC", None, 1, None) == ([numbers[2]], True)
        assert listed("BTC", numbers[2], 1, None) == ([numbers[0]], False)
        assert listed(None, None, 9, [numbers[0], theirs.number, 5, numbers[0]]) == ([numbers[0]], False)
        deposits = wallet.deposits(ann, None, None, 9, None).items
        assert {one.asset for one in deposits} == {"BTC", "GOOC"}
        assert wallet.deposits(ann, None, None, 9, [deposits[0].number]).items == deposits[:1]
        assert bank_cards.get_all(ann) == []
