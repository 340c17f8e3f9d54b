"""What operators decide: deposits that wait for somebody's word, withdrawals above a limit, and those of money and of coins
that no node of ours pays."""

from collections.abc import Iterator, Sequence

from chalicelib import settings
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Impossible, Kind, Rail, Status
from chalicelib.services.wallet import targets
from chalicelib.services.wallet.amounts import OPERATOR
from chalicelib.stores import accounts, chains, transfers
from chalicelib.stores.table import Step
from chalicelib.stores.transfers import Move, Notes, Transfer

#: The rails whose transfers operators decide on. The ramp's orders are decided on as orders.
RAILS = (Rail.CHAIN, Rail.OPERATOR)


def under_way(kind: Kind, asset: str | None) -> Iterator[Transfer]:
    """Transfers that have not come to their end, by asset and status, the oldest first."""
    for one in settings.exchange().assets if asset is None else (asset,):
        for rail in RAILS:
            yield from transfers.opened(rail, kind, one)


def full_address(transfer: Transfer) -> str:
    """Where a withdrawal goes, as somebody needs it who pays it: a bank card whole."""
    return targets.opened(transfer.sealed, transfer.uid) if transfer.sealed else transfer.address


def withdrawal_with_log(number: int) -> tuple[Transfer, list[Move]]:
    """A withdrawal and how it came to be what it is. Raises `Refused` (NO_SUCH_TRANSFER)."""
    found = _withdrawal(number)
    return found, transfers.log(found.id)


def deposit_with_log(key: str) -> tuple[Transfer, list[Move]]:
    """A deposit, by its number while it is under way or always by its key, and how it came to be what it is.

    Raises `Refused` (NO_SUCH_TRANSFER).
    """
    found = _open_deposit(int(key)) if key.isascii() and key.isdigit() else transfers.get(key)
    if found is None or found.kind is not Kind.DEPOSIT:
        raise Refused(Reason.NO_SUCH_TRANSFER, "id")
    return found, transfers.log(found.id)


def approve_deposit(number: int) -> Transfer:
    """Vouch for a deposit: it is credited, whatever its chain says. Raises `Refused`."""
    return _move(_open_deposit(number), Status.SUCCEEDED, "approved")


def reject_deposit(number: int, why: str) -> Transfer:
    """Refuse a deposit. One that was credited and taken back by its chain is taken from the account, if that covers it.

    Raises `Refused`, INSUFFICIENT_FUNDS among others: the account stays blocked then.
    """
    found = _open_deposit(number)
    return _move(found, Status.FAILED if found.credited else Status.REJECTED, why)


def approve_withdrawal(number: int) -> Transfer:
    """Let a withdrawal be paid: by custody where a node pays the coin, else by an operator, who then says so (`paid`).

    Raises `Refused`: NO_SUCH_TRANSFER, PARAMETER_INVALID for one that does not wait for this, ACCOUNT_UNUSABLE while a block
    chain has taken a deposit of the person back.
    """
    found = _withdrawal(number)
    account = accounts.get(found.uid)
    if account is None or account.blocked:
        raise Refused(Reason.ACCOUNT_UNUSABLE)
    return _move(found, Status.ACCEPTED if found.rail is Rail.CHAIN else Status.PROCESSING, "approved")


def reject_withdrawal(number: int, why: str) -> Transfer:
    """Refuse a withdrawal: its money is available again. Raises `Refused`; one that is being paid is never refused, unless an
    operator has stopped it (`doubt_withdrawal`), and none that stands in a block."""
    found = _withdrawal(number)
    if (found.payout or found.txid) and (found.status is not Status.ERROR or found.block):
        raise Refused(Reason.PARAMETER_INVALID, "id")
    return _move(found, Status.REJECTED, why, steps=_coins_of(found, watched=True))


def doubt_withdrawal(number: int, why: str) -> Transfer:
    """Stop a withdrawal that is to be paid or being paid: custody sends it no more, and people decide what became of it, by
    approve, paid or reject. Raises `Refused` for one that is not under way, or that no chain carries."""
    return _move(_withdrawal(number), Status.ERROR, why)


def paid_withdrawal(number: int, txid: str) -> Transfer:
    """Say that a withdrawal has been paid by hand. Raises `Refused`; what custody pays is custody's to say."""
    found = _withdrawal(number)
    kept = settings.custody().get(found.asset)
    by_node = found.rail is Rail.CHAIN and kept is not None and kept.node != ""
    if by_node and found.status is not Status.ERROR:
        raise Refused(Reason.PARAMETER_INVALID, "id")
    notes: Notes | None = {"txid": txid} if txid else None
    return _move(found, Status.SUCCEEDED, "paid", notes, _coins_of(found, watched=False))


def _coins_of(found: Transfer, *, watched: bool) -> list[Step]:
    """That nobody speaks for the coins any more that custody meant to pay a withdrawal with, in the write that ends it."""
    chain = chains.get(found.asset) if found.payout else None
    return [] if chain is None else chains.release(chain, found.id, found.txid if watched else "")


def _move(found: Transfer, to: Status, why: str, notes: Notes | None = None, steps: Sequence[Step] = ()) -> Transfer:
    if found.status is to:  # somebody said so before
        raise Refused(Reason.PARAMETER_INVALID, "id")
    try:
        return transfers.move(found, to, OPERATOR, why, notes, steps)
    except (Impossible, transfers.Moved, transfers.StepRefused) as error:
        raise Refused(Reason.PARAMETER_INVALID, "id") from error
    except accounts.Short as short:
        raise Refused(Reason.INSUFFICIENT_FUNDS, "id") from short


def _open_deposit(number: int) -> Transfer:
    for found in under_way(Kind.DEPOSIT, None):
        # The index may be a moment late.
        if found.number == number and (standing := transfers.get(found.id)) is not None:
            return standing
    raise Refused(Reason.NO_SUCH_TRANSFER, "id")


def _withdrawal(number: int) -> Transfer:
    found = transfers.get_withdrawal(number)
    if found is None or found.rail not in RAILS:
        raise Refused(Reason.NO_SUCH_TRANSFER, "id")
    return found
