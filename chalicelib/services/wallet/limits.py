"""What needs no operator: a withdrawal is approved at once while its owner's sum of 24 hours stays below the asset's limit."""

from typing import Final

from chalicelib import clock, settings, telemetry
from chalicelib.core.transfers import ALLOWANCE_MS, REFUNDED, Kind, Rail, Status
from chalicelib.stores import allowances, transfers
from chalicelib.stores.transfers import Transfer

#: How often it is decided anew because another withdrawal of the same person was approved meanwhile.
TRIES_MAX: Final = 5
AUTO: Final = "auto"


def approve_if_small(transfer: Transfer) -> Transfer:
    """The withdrawal, approved if it may be without an operator's look; as it is if not, or if that is not known.

    It is opened by now and its money is held, so whatever goes wrong here must not look like a refusal: it waits for an
    operator then.
    """
    limit = settings.exchange().assets[transfer.asset].terms.auto_below
    if limit is None or transfer.rail is not Rail.CHAIN:
        return transfer
    try:
        return _approve_below(transfer, limit)
    except Exception as error:  # noqa: BLE001 - see above
        telemetry.alarm("withdrawal_not_approved", error, transfer=transfer.id)
        return transfer


def _approve_below(transfer: Transfer, limit: int) -> Transfer:
    for _ in range(TRIES_MAX):
        now = clock.now_ms()
        seen = allowances.get(transfer.uid, transfer.asset)
        if _sum(transfer, seen, now) >= limit:
            break
        steps = [allowances.spending(seen, transfer.number, transfer.amount, now)]
        try:
            return transfers.move(transfer, Status.ACCEPTED, AUTO, "below the limit of 24 hours", steps=steps)
        except transfers.StepRefused:
            continue  # another one was approved since `seen`
        except transfers.Moved as moved:
            return moved.standing
    return transfer


def _sum(transfer: Transfer, seen: allowances.Allowance, now: int) -> int:
    """What the person withdrew of this asset in these 24 hours, this one included, in 1e-8.

    Of those opened at the same moment the earlier one does not count the later one. The list of withdrawals has those that
    operators approved too, but may be a moment late; what was approved without a look is known for sure.
    """
    since = now - ALLOWANCE_MS
    listed = list(transfers.since(transfer.uid, Kind.WITHDRAWAL, transfer.asset, since))
    given_back = {one.number for one in listed if one.status in REFUNDED}
    asked = {one.number: one.amount for one in listed if one.number < transfer.number}
    approved = {number: amount for number, (at, amount) in seen.spent.items() if at > since}
    counted = {**asked, **approved, transfer.number: transfer.amount}
    return sum(amount for number, amount in counted.items() if number not in given_back)
