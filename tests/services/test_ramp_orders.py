"""Orders of the fiat ramp from push to end, and that the books balance at each step."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib import clock, settings
from chalicelib.core import ramp
from chalicelib.core.ramp import Kind, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Rail
from chalicelib.services import wallet
from chalicelib.services.ramp import deadlines, moves, orders, partners
from chalicelib.stores import accounts as ledger
from chalicelib.stores import transfers, users
from chalicelib.stores.ramp import orders as rows
from tests.services import ramp_world, world
from tests.services.ramp_world import SOURCE, bought, get, held, path, purchase, sale

USDT = "USDT"
WHOLE = settings.exchange()


@pytest.fixture(autouse=True)
def _books(small):
    world.forget()
    yield
    assert world.violations() == []


@pytest.fixture
def partner(_books):
    return ramp_world.partner()


def refused(call, *arguments, **named):
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.reason, caught.value.parameter


def named(order):
    return order.source, order.order_no


class TestPurchases:
    def test_from_push_to_coins(self, partner):
        uid = ramp_world.person()
        order = orders.buy(partner, purchase("1000"))
        assert (order.kind, order.status, order.amounts.coins) == (Kind.PURCHASE, Status.SUBMITTED, 1743362800)
        assert order.deadline is order.audited is order.paid is order.issued is None
        approved = moves.approve(*named(order), "ann")
        assert approved.deadline == approved.audited + 24 * 3_600_000
        paid = moves.credit(order.note_code, 1000 * 10**8, "bob")
        assert paid.status is Status.PAID
        assert held(uid) == (0, 0)
        assert world.violations() == []
        done = moves.release(*named(order), "ann", "all in order")
        assert done == get(order)
        assert held(uid) == (Decimal("17.433628"), 0)
        assert path(order) == "1345"
        assert [(moved.move, moved.by, moved.why) for moved in done.moves] == [
            ("submit", SOURCE, ""), ("approve", "ann", ""), ("bank-credit", "bob", ""), ("release", "ann", "all in order"),
        ]  # fmt: skip
        assert done.issued >= done.paid >= done.audited >= done.created

    def test_the_coins_are_a_deposit_like_any_other_and_tell_nothing_of_the_partner(self, partner):
        uid = ramp_world.person()
        order = bought(partner)
        moves.credit(order.note_code, order.amounts.legal, "bob")
        done = moves.release(*named(order), "ann")
        (shown,) = transfers.succeeded(USDT, None, 10).items
        assert (shown.uid, shown.amount, shown.rail) == (uid, order.amounts.coins, Rail.RAMP)
        assert shown.id == done.transfer
        assert SOURCE not in shown.id
        assert order.order_no not in shown.id

    def test_refused(self, partner):
        uid = ramp_world.person()
        order = orders.buy(partner, purchase())
        done = moves.reject(*named(order), "ann", "unknown payer")
        assert (done.status, done.moves[-1].why) == (Status.REFUSED, "unknown payer")
        assert done.audited is not None
        assert held(uid) == (0, 0)

    def test_the_rate_is_the_one_of_the_push(self, partner):
        ramp_world.person()
        wish = purchase("1000")
        order = orders.buy(partner, wish)
        partners.set_terms(SOURCE, ramp.terms(Decimal(60), Decimal(0), Decimal(0)))
        moves.approve(*named(order), "ann")
        moves.credit(order.note_code, order.amounts.legal, "ann")
        assert moves.release(*named(order), "ann").amounts == order.amounts
        again = partners.get(SOURCE)
        assert orders.buy(again, wish).terms.rate == 56_50000000
        assert orders.buy(again, purchase("1000")).amounts.coins == 16_66666600

    @pytest.mark.parametrize("legal", ["0.01", "0.02"])
    def test_too_little_to_get_anything_of(self, partner, legal):
        ramp_world.person()
        partners.set_terms(SOURCE, ramp.terms(Decimal(100_000), Decimal(0), Decimal(0)))
        assert refused(orders.buy, partners.get(SOURCE), purchase(legal)) == (Reason.AMOUNT, "legalAmount")


class TestBankCredits:
    @pytest.fixture(autouse=True)
    def _juan(self, partner):
        ramp_world.person()

    def test_another_amount_pays_for_nothing(self, partner):
        order = bought(partner)
        for legal in (order.amounts.legal - 1, order.amounts.legal + 10**6):
            assert refused(moves.credit, order.note_code, legal, "bob") == (Reason.AMOUNT, "amount")
        assert get(order).status is Status.APPROVED

    def test_an_unknown_code_pays_for_nothing(self, partner):
        assert refused(moves.credit, "NOBODY", 100, "bob") == (Reason.NO_SUCH_ORDER, "note_code")

    def test_an_order_that_is_not_approved_waits_for_nothing(self, partner):
        order = orders.buy(partner, purchase())
        assert refused(moves.credit, order.note_code, order.amounts.legal, "bob")[0] is Reason.NO_SUCH_ORDER

    def test_the_same_money_twice_is_other_money(self, partner):
        order = bought(partner)
        moves.credit(order.note_code, order.amounts.legal, "bob")
        assert refused(moves.credit, order.note_code, order.amounts.legal, "bob")[0] is Reason.NO_SUCH_ORDER
        assert path(order) == "134"

    def test_of_several_with_one_code_the_amount_tells(self, partner):
        one = bought(partner, purchase("1000", note_code="N"))
        other = bought(partner, purchase("2000", note_code="N"))
        moves.credit("N", other.amounts.legal, "bob")
        assert (path(one), path(other)) == ("13", "134")

    def test_of_several_that_are_alike_the_operator_says_which(self, partner):
        one, other = (bought(partner, purchase("1000", note_code="N")) for _ in range(2))
        assert refused(moves.credit, "N", one.amounts.legal, "bob") == (Reason.PARAMETER_MISSING, "order_no")
        moves.credit("N", one.amounts.legal, "bob", order_no=other.order_no)
        assert (path(one), path(other)) == ("13", "134")

    def test_an_order_that_is_named_needs_no_index(self, partner, monkeypatch):
        order = bought(partner)
        monkeypatch.setattr(rows, "by_note", lambda _: [])
        assert refused(moves.credit, order.note_code, order.amounts.legal, "bob") == (Reason.NO_SUCH_ORDER, "note_code")
        found = refused(moves.credit, "OTHER", order.amounts.legal, "bob", order_no=order.order_no)
        assert found == (Reason.NO_SUCH_ORDER, "note_code")
        assert refused(moves.credit, order.note_code, 100, "bob", order_no=order.order_no) == (Reason.AMOUNT, "amount")
        moves.credit(order.note_code, order.amounts.legal, "bob", order_no=order.order_no)
        assert path(order) == "134"

    def test_of_several_partners_the_operator_says_which(self, partner):
        stranger = ramp_world.partner("other")
        ramp_world.person(source="other")
        one, other = bought(partner, purchase("1000", note_code="N")), bought(stranger, purchase("1000", note_code="N"))
        assert refused(moves.credit, "N", one.amounts.legal, "bob") == (Reason.PARAMETER_MISSING, "source")
        moves.credit("N", one.amounts.legal, "bob", source="other")
        assert (path(one), path(other)) == ("13", "134")


class TestSales:
    def test_from_push_to_money(self, partner):
        uid = ramp_world.person(USDT="100")
        order = orders.sell(partner, sale("20"))
        assert held(uid) == (80, 20)
        assert world.violations() == []
        assert order.amounts.legal == 1118_70000000  # (20 − 0.2) × 56.5
        moves.approve(*named(order), "ann")
        assert get(order).deadline is None
        done = moves.pay(*named(order), "bob", "bank ref 7")
        assert done.status is Status.RELEASED
        assert path(order) == "1345"
        assert held(uid) == (80, 0)
        assert done.issued >= done.paid

    def test_refused_before_or_after_it_was_approved(self, partner):
        uid = ramp_world.person(USDT="100")
        one, other = orders.sell(partner, sale("20")), orders.sell(partner, sale("30"))
        moves.approve(*named(other), "ann")
        assert held(uid) == (50, 50)
        for order in (one, other):
            moves.reject(*named(order), "ann", "the bank refused")
        assert held(uid) == (100, 0)
        assert (path(one), path(other)) == ("12", "132")

    def test_once_paid_it_is_never_given_back(self, partner):
        ramp_world.person(USDT="100")
        order = orders.sell(partner, sale("20"))
        moves.approve(*named(order), "ann")
        moves.pay(*named(order), "bob")
        assert refused(moves.reject, *named(order), "ann", "") == (Reason.ORDER_STATE, "order_no")

    def test_without_the_coins(self, partner):
        uid = ramp_world.person(USDT="19.999999")
        wish = sale("20")
        assert refused(orders.sell, partner, wish) == (Reason.INSUFFICIENT_FUNDS, "currencyAmount")
        assert refused(orders.get, partner, wish.order_no)[0] is Reason.NO_SUCH_ORDER
        wallet.credit(uid, USDT, Decimal("0.000001"), None)
        orders.sell(partner, wish)
        assert held(uid) == (0, 20)

    def test_coins_in_an_order_or_another_sale_are_not_there_twice(self, partner):
        uid = ramp_world.person(USDT="30")
        orders.sell(partner, sale("20"))
        assert refused(orders.sell, partner, sale("20"))[0] is Reason.INSUFFICIENT_FUNDS
        assert held(uid) == (10, 20)

    def test_after_a_changed_credential_nothing_leaves_for_a_day(self, partner):
        uid = ramp_world.person(USDT="30")
        users.UserRow(uid).update(actions=[users.UserRow.frozen_until.set(clock.now_ms() + 1000)])
        assert refused(orders.sell, partner, sale("20"))[0] is Reason.WITHDRAWALS_FROZEN
        orders.buy(partner, purchase())

    def test_a_credential_that_changes_at_the_same_moment_stops_it(self, partner, monkeypatch):
        uid = ramp_world.person(USDT="100")
        opening = transfers.open_withdrawal

        def late(*args):
            frozen = [users.UserRow.auth_epoch.set(2), users.UserRow.frozen_until.set(clock.now_ms() + 60_000)]
            users.UserRow(uid).update(actions=frozen)
            return opening(*args)

        monkeypatch.setattr(transfers, "open_withdrawal", late)
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        assert refused(orders.sell, partner, sale("20")) == (Reason.WITHDRAWALS_FROZEN, "account")
        assert held(uid) == (100, 0)

    def test_nobody_but_the_ramp_moves_its_withdrawals(self, partner):
        uid = ramp_world.person(USDT="30")
        order = orders.sell(partner, sale("20"))
        assert transfers.get(order.transfer).uid == uid
        from chalicelib.core import transfers as states

        with pytest.raises(states.Impossible):
            transfers.move(transfers.get(order.transfer), states.Status.CANCELLED, uid, "")


class TestWho:
    def test_a_stranger(self, partner):
        assert refused(orders.buy, partner, purchase()) == (Reason.KYC_REQUIRED, "account")
        assert refused(orders.sell, partner, sale()) == (Reason.KYC_REQUIRED, "account")

    def test_one_who_is_not_identified(self, partner):
        ramp_world.person(passed=False, USDT="20")
        assert refused(orders.buy, partner, purchase())[0] is Reason.KYC_REQUIRED
        assert refused(orders.sell, partner, sale())[0] is Reason.KYC_REQUIRED

    def test_one_whose_account_is_disabled(self, partner):
        uid = ramp_world.person(USDT="20")
        users.UserRow(uid).update(actions=[users.UserRow.standing.set("disabled")])
        assert refused(orders.buy, partner, purchase())[0] is Reason.ACCOUNT_UNUSABLE
        assert refused(orders.sell, partner, sale())[0] is Reason.ACCOUNT_UNUSABLE

    def test_another_partners_order_is_no_order(self, partner):
        ramp_world.person()
        order = orders.buy(partner, purchase())
        stranger = ramp_world.partner("other")
        assert refused(orders.get, stranger, order.order_no)[0] is Reason.NO_SUCH_ORDER

    def test_what_is_personal_is_sealed(self, partner):
        ramp_world.person(USDT="20")
        for order in (orders.buy(partner, purchase()), orders.sell(partner, sale())):
            kept = str(rows.OrderRow.get(order.source, order.order_no).serialize())
            assert not [
                word for word in ("Juan", "Cruz", "1990-01-31", "001234567890", "8888 0001 2222") if word in kept
            ]
            assert orders.people(order)[0 if order.kind is Kind.PURCHASE else 1].first_name == "Juan"


class TestAgain:
    @pytest.fixture(autouse=True)
    def _juan(self, partner):
        self.uid = ramp_world.person(USDT="100")

    @pytest.mark.parametrize(
        ("push", "wish"), [(orders.buy, purchase()), (orders.sell, sale("20"))], ids=["purchase", "sale"]
    )
    def test_the_same_again_is_answered_the_same(self, partner, push, wish):
        first = push(partner, wish)
        assert push(partner, wish) == first
        moves.approve(*named(first), "ann")
        assert push(partner, wish).created == first.created
        assert path(first) == "13"

    def test_a_sale_pushed_again_holds_once(self, partner):
        wish = sale("60")
        for _ in range(3):
            orders.sell(partner, wish)
        assert held(self.uid) == (40, 60)

    @pytest.mark.parametrize(
        ("push", "wish", "changes"),
        [
            (orders.buy, purchase(), {"legal": 100_000_000}),
            (orders.buy, purchase(), {"note_code": "OTHER"}),
            (orders.buy, purchase(), {"payer": replace(ramp_world.PAYER, last_name="Reyes")}),
            (orders.buy, purchase(), {"account": "somebody else"}),
            (orders.sell, sale("20"), {"coins": 100_000_000}),
            (orders.sell, sale("20"), {"receiver": replace(ramp_world.THEIRS, account="999999999")}),
        ],
    )
    def test_another_content_under_the_same_number(self, partner, push, wish, changes):
        push(partner, wish)
        assert refused(push, partner, replace(wish, **changes)) == (Reason.ORDER_NO_TAKEN, "orderNo")

    def test_a_sale_under_a_purchases_number(self, partner):
        orders.buy(partner, purchase(order_no="7"))
        assert refused(orders.sell, partner, sale("20", order_no="7")) == (Reason.ORDER_NO_TAKEN, "orderNo")
        assert held(self.uid) == (100, 0)

    def test_two_partners_have_numbers_of_their_own(self, partner):
        stranger = ramp_world.partner("other")
        ramp_world.person(source="other")
        one, other = orders.buy(partner, purchase(order_no="7")), orders.buy(stranger, purchase(order_no="7"))
        assert one.source != other.source
        assert refused(moves.find, None, "7") == (Reason.PARAMETER_MISSING, "source")
        assert moves.find("other", "7") == other

    @pytest.mark.parametrize(
        ("push", "wish"), [(orders.buy, purchase()), (orders.sell, sale("60"))], ids=["purchase", "sale"]
    )
    def test_pushed_at_once_it_is_one_order(self, partner, monkeypatch, push, wish):
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: push(partner, wish), range(4)))
        assert len({order.moves[0].use for order in found}) == 1
        assert held(self.uid) == ((40, 60) if push is orders.sell else (100, 0))

    def test_other_contents_at_once_are_one_order_and_refusals(self, partner, monkeypatch):
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        wishes = [sale(coins, order_no="9") for coins in ("10", "20", "30")]

        def push(wish):
            try:
                return orders.sell(partner, wish)
            except Refused as refusal:
                return refusal.reason

        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(push, wishes))
        (order,) = [one for one in found if not isinstance(one, Reason)]
        assert found.count(Reason.ORDER_NO_TAKEN) == 2
        assert held(self.uid)[1] == Decimal(order.amounts.coins) / 10**8


class TestMoves:
    @pytest.fixture(autouse=True)
    def _juan(self, partner):
        self.uid = ramp_world.person(USDT="100")

    def test_what_has_been_done_is_done_once_and_answered_again(self, partner):
        order = bought(partner)
        moves.credit(order.note_code, order.amounts.legal, "bob")
        for _ in range(3):
            moves.approve(*named(order), "ann")
            assert moves.release(*named(order), "ann").status is Status.RELEASED
        assert path(order) == "1345"
        assert held(self.uid)[0] == 100 + Decimal(order.amounts.coins) / 10**8

    @pytest.mark.parametrize("move", [moves.release, moves.pay, moves.expire])
    def test_what_cannot_be_done_is_refused(self, partner, move):
        order = orders.buy(partner, purchase())
        arguments = (order,) if move is moves.expire else (*named(order), "ann")
        assert refused(move, *arguments) == (Reason.ORDER_STATE, "order_no")

    def test_what_is_not_there(self, partner):
        assert refused(moves.approve, SOURCE, "404", "ann") == (Reason.NO_SUCH_ORDER, "order_no")
        assert refused(moves.find, None, "404") == (Reason.NO_SUCH_ORDER, "order_no")

    @pytest.mark.parametrize("second", ["approve", "reject"])
    def test_of_two_operators_one_wins(self, partner, monkeypatch, second):
        """Both saw the order as it was; the second writes first."""
        order = orders.sell(partner, sale("20"))
        write = rows.move
        rival = {
            "approve": lambda: moves.approve(*named(order), "bob"),
            "reject": lambda: moves.reject(*named(order), "bob", ""),
        }

        def late(seen, then):
            monkeypatch.undo()
            rival[second]()
            return write(seen, then)

        monkeypatch.setattr(rows, "move", late)
        monkeypatch.setitem(moves._WRITES, moves.Effect.NONE, late)
        if second == "approve":
            assert moves.approve(*named(order), "ann").moves[-1].by == "bob"
        else:
            assert refused(moves.approve, *named(order), "ann")[0] is Reason.ORDER_STATE
        assert held(self.uid) == ((80, 20) if second == "approve" else (100, 0))

    def test_released_by_many_at_once_it_is_credited_once(self, partner, monkeypatch):
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        order = bought(partner)
        moves.credit(order.note_code, order.amounts.legal, "bob")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: moves.release(*named(order), f"op{number}"), range(4)))
        assert path(order) == "1345"
        assert held(self.uid)[0] == 100 + Decimal(order.amounts.coins) / 10**8

    def test_rejected_by_many_at_once_it_is_refunded_once(self, partner, monkeypatch):
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        order = orders.sell(partner, sale("20"))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: moves.reject(*named(order), f"op{number}", ""), range(4)))
        assert path(order) == "12"
        assert held(self.uid) == (100, 0)

    def test_lists_have_what_has_not_ended(self, partner):
        one, other = orders.buy(partner, purchase()), orders.sell(partner, sale("20"))
        assert {order.order_no for order in orders.unended()} == {one.order_no, other.order_no}
        moves.reject(*named(one), "ann", "")
        assert [order.order_no for order in orders.unended()] == [other.order_no]


class TestDeadlines:
    DAY_MS = 24 * 3_600_000

    @pytest.fixture(autouse=True)
    def _juan(self, partner):
        self.uid = ramp_world.person(USDT="100")

    def test_a_purchase_that_nobody_paid_ends(self, partner, monkeypatch):
        order = bought(partner)
        assert deadlines.run() == 0
        monkeypatch.setattr(clock, "now_ms", lambda: order.deadline)
        assert deadlines.run() == 0, "until the very end"
        monkeypatch.setattr(clock, "now_ms", lambda: order.deadline + 1)
        assert deadlines.run() == 1
        ended = get(order)
        assert (ended.status, ended.moves[-1].by, ended.moves[-1].why) == (Status.REFUSED, "schedule", "deadline")
        assert deadlines.run() == 0
        assert refused(moves.credit, order.note_code, order.amounts.legal, "bob")[0] is Reason.NO_SUCH_ORDER

    def test_one_that_was_paid_does_not(self, partner, monkeypatch):
        order = bought(partner)
        moves.credit(order.note_code, order.amounts.legal, "bob")
        world.later(monkeypatch, 2 * self.DAY_MS)
        assert deadlines.run() == 0
        assert moves.release(*named(order), "ann").status is Status.RELEASED

    def test_neither_does_one_that_waits_for_approval_or_a_sale(self, partner, monkeypatch):
        one, other = orders.buy(partner, purchase()), orders.sell(partner, sale("20"))
        moves.approve(*named(other), "ann")
        world.later(monkeypatch, 2 * self.DAY_MS)
        assert deadlines.run() == 0
        assert (path(one), path(other)) == ("1", "13")

    def test_money_that_comes_at_the_deadline_wins_or_loses_but_never_both(self, partner, monkeypatch):
        order = bought(partner)
        world.later(monkeypatch, 2 * self.DAY_MS)
        write = rows.move

        def late(seen, then):
            monkeypatch.setitem(moves._WRITES, moves.Effect.NONE, write)
            moves.credit(order.note_code, order.amounts.legal, "bob")
            return write(seen, then)

        monkeypatch.setitem(moves._WRITES, moves.Effect.NONE, late)
        assert deadlines.run() == 0
        assert path(order) == "134"

    def test_coins_of_a_paid_sale_that_were_left_lying_are_burnt(self, partner, monkeypatch):
        order = orders.sell(partner, sale("20"))
        moves.approve(*named(order), "ann")
        moves._moved(*named(order), moves.Move.PAY, "bob", "")
        assert held(self.uid) == (80, 20)
        assert deadlines.run() == 0, "its operator may be at it at this moment"
        world.later(monkeypatch, 2 * 60_000)
        assert deadlines.run() == 1
        assert held(self.uid) == (80, 0)
        assert path(order) == "1345"
        assert deadlines.run() == 0

    @pytest.mark.parametrize("trouble", [TimeoutError(), Refused(Reason.TOO_OFTEN)], ids=["aws", "contended"])
    def test_one_orders_trouble_does_not_keep_the_others(self, partner, monkeypatch, trouble):
        one, other = bought(partner), bought(partner)
        world.later(monkeypatch, 2 * self.DAY_MS)
        expire = moves.expire

        def broken(order):
            if order.order_no == one.order_no:
                raise trouble
            return expire(order)

        with monkeypatch.context() as patch:
            patch.setattr(moves, "expire", broken)
            with pytest.raises(type(trouble)):
                deadlines.run()
        assert (path(one), path(other)) == ("13", "132")
        assert deadlines.run() == 1

    @pytest.mark.parametrize("place", [0, 1], ids=["first", "last"])
    def test_one_that_cannot_be_read_does_not_keep_the_others(self, partner, monkeypatch, place):
        pair = [bought(partner), bought(partner)]
        one, other = pair[place], pair[1 - place]
        world.later(monkeypatch, 2 * self.DAY_MS)
        row, kind = rows.OrderRow(*named(one)), rows.OrderRow.kind
        row.update(actions=[kind.set("9")])
        with pytest.raises(ValueError, match="9"):
            deadlines.run()
        assert path(other) == "132"
        row.update(actions=[kind.set(one.kind.value)])
        assert path(one) == "13"
        assert deadlines.run() == 1


class TestRaces:
    """Everything at once, in threads; what each heard is what became of it."""

    @pytest.fixture(autouse=True)
    def _juan(self, partner, monkeypatch):
        self.uid = ramp_world.person(USDT="100")
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)

    def at_once(self, *calls):
        def heard(call):
            try:
                return call()
            except Refused as refusal:
                return refusal.reason

        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(heard, call) for call in calls]]

    @pytest.mark.parametrize("turn", range(4))
    def test_money_against_the_deadline(self, partner, monkeypatch, turn):
        order = bought(partner)
        world.later(monkeypatch, 48 * 3_600_000)
        credit = lambda: moves.credit(order.note_code, order.amounts.legal, "bob")  # noqa: E731 - as the other one
        calls = [credit, deadlines.run]
        heard = self.at_once(*(calls if turn % 2 else reversed(calls)))
        paid = any(getattr(one, "status", None) is Status.PAID for one in heard)
        assert path(order) == ("134" if paid else "132")

    @pytest.mark.parametrize("turn", range(4))
    def test_a_payment_against_a_rejection(self, partner, turn):
        order = orders.sell(partner, sale("20"))
        moves.approve(*named(order), "ann")
        calls = [lambda: moves.pay(*named(order), "ann"), lambda: moves.reject(*named(order), "bob", "")]
        heard = self.at_once(*(calls if turn % 2 else reversed(calls)))
        assert heard.count(Reason.ORDER_STATE) == 1
        assert (path(order), held(self.uid)) in {("1345", (80, 0)), ("132", (100, 0))}

    def test_sales_against_orders_at_the_market_for_the_same_coins(self, partner, monkeypatch):
        monkeypatch.setattr(settings, "exchange", lambda: WHOLE)
        wishes = [sale("30") for _ in range(3)]
        heard = self.at_once(
            *(lambda wish=wish: orders.sell(partner, wish) for wish in wishes),
            *(lambda: world.place(self.uid, "BTC-USDT", "buy", "40", "1") for _ in range(2)),
        )
        placed, sold = sum(isinstance(one, int) for one in heard), sum(isinstance(one, rows.Order) for one in heard)
        balance = wallet.balances(self.uid)[USDT]
        assert (balance.frozen, balance.pending) == (placed * 40 * 10**8, sold * 30 * 10**8)
        assert balance.available == 100 * 10**8 - balance.frozen - balance.pending >= 0
        assert heard.count(Reason.INSUFFICIENT_FUNDS) == 5 - placed - sold > 0


def test_fees_are_credited_to_nobody(partner):
    """What a customer does not get stays on the bank's side: the ledger owes exactly what it credited."""
    uid = ramp_world.person()
    order = bought(partner)
    moves.credit(order.note_code, order.amounts.legal, "bob")
    moves.release(*named(order), "ann")
    assert order.amounts.fee > 0
    assert sum(account.available.get(USDT, 0) for account in ledger.scan()) == order.amounts.coins
    sold = orders.sell(partner, sale("10"))
    moves.approve(*named(sold), "ann")
    moves.pay(*named(sold), "bob")
    assert held(uid) == (Decimal(order.amounts.coins) / 10**8 - 10, 0)


class TestAudit:
    """The audit sees an order and its transfer go apart, whichever way."""

    @pytest.fixture(autouse=True)
    def _mended(self, monkeypatch, partner):
        self.uid = ramp_world.person(USDT="100")
        self.partner = partner
        yield
        for row in rows.OrderRow.scan():
            row.delete()
        for row in transfers.TransferRow.scan(transfers.TransferRow.rail == "ramp"):
            row.delete()
        ledger.AccountRow(self.uid).update(
            actions=[ledger.AccountRow.available["USDT"].set(100 * 10**8), ledger.AccountRow.pending["USDT"].set(0)]
        )

    def sentences(self):
        return [found for found in world.violations() if "ramp" in found]

    def test_in_order_it_says_nothing(self):
        order = orders.sell(self.partner, sale("20"))
        bought(self.partner)
        assert self.sentences() == []
        moves.reject(*named(order), "ann", "")
        assert self.sentences() == []

    @pytest.mark.parametrize("status", ["2", "5"])
    def test_a_sale_that_ended_without_its_coins(self, status):
        order = orders.sell(self.partner, sale("20"))
        rows.OrderRow(*named(order)).update(actions=[rows.OrderRow.status.set(status)])
        assert self.sentences() == [f"1: ramp order {order.source} {order.order_no} is not what its transfer is"]

    def test_a_purchase_that_was_released_without_coins(self):
        order = bought(self.partner)
        rows.OrderRow(*named(order)).update(actions=[rows.OrderRow.status.set("5")])
        assert len(self.sentences()) == 1

    def test_coins_of_another_amount(self):
        order = orders.sell(self.partner, sale("20"))
        rows.OrderRow(*named(order)).update(actions=[rows.OrderRow.coins.set(19 * 10**8)])
        assert len(self.sentences()) == 1

    def test_coins_without_an_order(self):
        order = orders.sell(self.partner, sale("20"))
        rows.OrderRow(*named(order)).delete()
        assert self.sentences() == ["1: 1 transfers of the ramp belong to no order"]
