"""Withdrawals: asked for, cancelled, listed."""

from collections.abc import Sequence
from decimal import Decimal

from chalicelib import clock, telemetry
from chalicelib.core.ids import is_order_id
from chalicelib.core.orders import Page
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Impossible, Kind, Status
from chalicelib.services import identity
from chalicelib.services.identity import Given, Proven
from chalicelib.services.wallet.amounts import asset_and_units, rail_of
from chalicelib.services.wallet.limits import approve_if_small
from chalicelib.services.wallet.targets import target
from chalicelib.stores import accounts, transfers
from chalicelib.stores.transfers import Transfer, Withdrawal


def submit_withdrawal(uid: str, currency: str, amount: Decimal, address: str, given: Given, memo: str = "") -> Transfer:
    """Ask for a withdrawal: its amount, fee included, is held from now on. The transfer as it stands.

    What is refused is looked at in this order (`Refused`): NO_SUCH_CURRENCY; PARAMETER_INVALID for an amount that is too precise
    or not positive; BELOW_MINIMUM; PARAMETER_INVALID for an amount that its fee eats up; WITHDRAWAL_ADDRESS;
    WITHDRAWALS_FROZEN; PARAMETER_MISSING, EMAIL_CODE, SMS_CODE, TOTP_CODE for the factors that the person's settings ask for;
    ACCOUNT_UNUSABLE while a block chain has taken a deposit back; INSUFFICIENT_FUNDS. Factors are used up only with success.
    """
    asset, units = asset_and_units(currency, amount)
    if units < asset.terms.minimum:
        raise Refused(Reason.BELOW_MINIMUM, "amount")
    fee = asset.terms.fee_of(units)
    if units <= fee:
        raise Refused(Reason.PARAMETER_INVALID, "amount")
    goes_to = target(uid, asset, address, memo)
    proven = identity.prove(uid, given)
    now = clock.now_ms()
    wanted = Withdrawal(uid, asset.id, units, fee, now, rail_of(asset), goes_to.address, goes_to.memo, goes_to.sealed)
    steps = proven.steps(clock.token_bytes(16).hex(), now)
    try:
        opened = transfers.open_withdrawal(wanted, uid, "submitted", steps)
    except accounts.Short as short:
        raise Refused(Reason.INSUFFICIENT_FUNDS, "amount") from short
    except accounts.Blocked as blocked:
        raise Refused(Reason.ACCOUNT_UNUSABLE) from blocked
    except transfers.NoAccount as error:
        raise Refused(Reason.NO_SUCH_USER) from error
    except transfers.StepRefused as spent:
        raise _spent(given, proven) from spent
    standing = approve_if_small(opened)
    if standing.status is Status.PENDING:
        telemetry.count("WithdrawalWaits", asset=asset.id)  # for an operator
    return standing


def cancel_withdrawal(uid: str, number: int) -> Transfer:
    """Take a withdrawal back that nobody has looked at yet; its money is available again.

    Raises `Refused`: NO_SUCH_TRANSFER, NOT_YOURS, TRANSFER_NOT_CANCELLABLE.
    """
    found = transfers.get_withdrawal(number) if is_order_id(number) else None
    if found is None:
        raise Refused(Reason.NO_SUCH_TRANSFER)
    if found.uid != uid:
        raise Refused(Reason.NOT_YOURS)
    try:
        return transfers.move(found, Status.CANCELLED, uid, "cancelled")
    except (Impossible, transfers.Moved) as error:
        raise Refused(Reason.TRANSFER_NOT_CANCELLABLE) from error


def withdrawals(
    uid: str, asset: str | None, cursor: int | None, limit: int, ids: Sequence[int] | None
) -> Page[Transfer]:
    """A person's withdrawals, newest first: with number < `cursor`, or exactly those of `ids` that are his."""
    if ids is not None:
        return Page(transfers.of_person_by_numbers(uid, Kind.WITHDRAWAL, ids), more=False)
    return transfers.of_person(uid, Kind.WITHDRAWAL, asset, cursor, limit)


def _spent(given: Given, proven: Proven) -> Refused:
    """A credential changed since the factors were looked at, and so the freeze has begun; or a factor that was right a moment
    ago has been used up by another request: which one does not matter to anybody."""
    if not proven.stands():
        return Refused(Reason.WITHDRAWALS_FROZEN)
    if proven.totp_step is not None and not proven.proofs:
        return Refused(Reason.TOTP_CODE, "googleCode")
    if given.email is not None:
        return Refused(Reason.EMAIL_CODE, "emailCode")
    return Refused(Reason.SMS_CODE, "phoneCode")
