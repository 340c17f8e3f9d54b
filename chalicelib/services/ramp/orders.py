"""Orders as partners push and read them. A number is used once: pushed again with the same content it is answered the same."""

from dataclasses import replace

from chalicelib import clock
from chalicelib.core import ramp as rules
from chalicelib.core.identity import User
from chalicelib.core.ramp import Amounts, CardStatus, Kind, Payer, Purchase, Receiver, Sale, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Rail
from chalicelib.services.identity import amending, login
from chalicelib.services.ramp import accounts
from chalicelib.stores import accounts as ledger
from chalicelib.stores import transfers, users
from chalicelib.stores.ramp import orders
from chalicelib.stores.ramp.orders import Moved, Order
from chalicelib.stores.ramp.partners import Partner
from chalicelib.stores.transfers import Withdrawal

SUBMIT = "submit"
LIST_MAX = 100


def buy(partner: Partner, wish: Purchase) -> Order:
    """Take a purchase: coins for fiat money that has yet to come. The rate is the partner's of now, for ever.

    Raises `Refused`: ORDER_NO_TAKEN when the number stands for something else; KYC_REQUIRED; AMOUNT; ACCOUNT_UNUSABLE.
    """
    content = rules.content(wish)
    standing = _standing(partner, wish.order_no, content)
    if standing is not None:
        return standing
    amounts = rules.purchase_amounts(wish.legal, partner.terms)
    uid = _customer(partner, wish.account).uid
    order = _new(partner, wish, uid, content, amounts)
    return _same(orders.create(order), order.fingerprint)


def sell(partner: Partner, wish: Sale) -> Order:
    """Take a sale: the coins are held in the same transaction, until the order ends.

    Raises `Refused` as `buy` does, and INSUFFICIENT_FUNDS; WITHDRAWALS_FROZEN.
    """
    content = rules.content(wish)
    standing = _standing(partner, wish.order_no, content)
    if standing is not None:
        return standing
    amounts = rules.sale_amounts(wish.coins, partner.terms)
    person = _customer(partner, wish.account, leaving=True)
    order = _new(partner, wish, person.uid, content, amounts)
    wanted = Withdrawal(person.uid, rules.COIN, amounts.coins, amounts.fee, order.created, Rail.RAMP)
    try:
        held = transfers.open_withdrawal(
            wanted,
            partner.source,
            SUBMIT,
            lambda held: [orders.creating(replace(order, transfer=held.id)), users.as_seen(person)],
        )
    except transfers.StepRefused:
        found = orders.get(partner.source, wish.order_no)
        if found is None:
            _customer(partner, wish.account, leaving=True)  # a credential changed meanwhile: says so
            raise
        return _same(found, order.fingerprint)
    except ledger.Blocked:
        raise Refused(Reason.ACCOUNT_UNUSABLE, "account") from None
    except ledger.Short:
        # A twin that was faster may have held the very coins that this one misses.
        twin = _standing(partner, wish.order_no, content)
        if twin is not None:
            return twin
        raise Refused(Reason.INSUFFICIENT_FUNDS, "currencyAmount") from None
    return replace(order, transfer=held.id)


def get(partner: Partner, order_no: str) -> Order:
    """An order of a partner. Raises `Refused` (NO_SUCH_ORDER)."""
    found = orders.get(partner.source, order_no)
    if found is None:
        raise Refused(Reason.NO_SUCH_ORDER, "orderNo")
    return found


def unended(source: str | None = None) -> list[Order]:
    """Orders of one partner, or of all, that have not ended, the oldest first, at most a hundred."""
    return orders.unended(source, LIST_MAX)


def people(order: Order) -> tuple[Payer, Receiver]:
    """Who pays for an order, and the bank account that the money goes to."""
    return orders.opened(order)


def _standing(partner: Partner, order_no: str, content: bytes) -> Order | None:
    """The order that stands under a number, if it says the same. Raises `Refused` (ORDER_NO_TAKEN)."""
    found = orders.get(partner.source, order_no)
    return None if found is None else _same(found, orders.fingerprint(content))


def _same(order: Order, fingerprint: str) -> Order:
    if order.fingerprint != fingerprint:
        raise Refused(Reason.ORDER_NO_TAKEN, "orderNo")
    return order


def _customer(partner: Partner, account: str, *, leaving: bool = False) -> User:
    """A customer who may trade; with `leaving` one whose coins may leave. Raises `Refused`."""
    uid = accounts.of(partner.source, account)
    if uid is None or accounts.status_of(uid) is not CardStatus.PASSED:
        raise Refused(Reason.KYC_REQUIRED, "account")
    person = users.get(uid)
    if person is None:
        raise Refused(Reason.ACCOUNT_UNUSABLE, "account")
    login.usable(person)
    if leaving and amending.withdrawals_frozen(person):
        raise Refused(Reason.WITHDRAWALS_FROZEN, "account")
    return person


def _new(partner: Partner, wish: Purchase | Sale, uid: str, content: bytes, amounts: Amounts) -> Order:
    now = clock.now_ms()
    buying = isinstance(wish, Purchase)
    payer = wish.payer if isinstance(wish, Purchase) else Payer()
    # Where a purchase's money goes is our account as it was when the order was pushed.
    receiver = wish.receiver if isinstance(wish, Sale) else partner.receiver
    return Order(
        source=partner.source,
        order_no=wish.order_no,
        uid=uid,
        account=wish.account,
        kind=Kind.PURCHASE if buying else Kind.SALE,
        status=Status.SUBMITTED,
        amounts=amounts,
        terms=partner.terms,
        note_code=wish.note_code if isinstance(wish, Purchase) else "",
        sealed=orders.sealed(payer, receiver, uid),
        fingerprint=orders.fingerprint(content),
        transfer="",
        created=now,
        moves=(Moved(SUBMIT, Status.SUBMITTED, now, partner.source, "", clock.token_bytes(16).hex()),),
    )
