"""Balances, and deposits that operators credit."""

from dataclasses import dataclass
from decimal import Decimal

from chalicelib import clock, settings
from chalicelib.core.money import SCALE, UNITS_MAX, Imprecise, from_decimal
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import accounts, transfers


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset of one account, 1e-8 units: free, held by open orders, held by withdrawals."""

    available: int
    frozen: int
    pending: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.available + self.frozen + self.pending


def balances(uid: str) -> dict[str, Balance]:
    """asset → balance, of the assets that the account has ever had, in the exchange's order."""
    account = accounts.get(uid)
    if account is None:
        return {}
    return {
        asset: Balance(account.available.get(asset, 0), account.frozen.get(asset, 0), account.pending.get(asset, 0))
        for asset in settings.exchange().assets
        if asset in account.available or asset in account.frozen or asset in account.pending
    }


def credit(uid: str, currency: str, amount: Decimal, txid: str | None) -> transfers.Transfer:
    """Credit a deposit that an operator vouches for, once per (currency, txid). Gives back the deposit as it stands.

    Raises `Refused` for an unknown currency or account, an amount that is not positive or too precise, or a txid that
    stands for another account or amount.
    """
    asset = settings.exchange().asset(currency)
    if asset is None:
        raise Refused(Reason.NO_SUCH_CURRENCY, "currency")
    try:
        units = from_decimal(amount, asset.decimals)
    except Imprecise as error:
        raise Refused(Reason.PARAMETER_INVALID, "amount") from error
    if not 0 < units <= UNITS_MAX * SCALE:
        raise Refused(Reason.PARAMETER_INVALID, "amount")
    if uid in {market.house for market in settings.exchange().markets.values()}:
        raise Refused(Reason.NO_SUCH_USER, "uid")  # houses earn, they do not deposit
    if txid == "":
        raise Refused(Reason.PARAMETER_INVALID, "txid")
    mark = txid or clock.token_bytes(16).hex()
    wanted = transfers.Deposit(f"deposit:{asset.id}:{mark}:0", uid, asset.id, units, clock.now_ms())
    try:
        standing = transfers.credit(wanted)
    except transfers.NoAccount as error:
        raise Refused(Reason.NO_SUCH_USER, "uid") from error
    if (standing.uid, standing.amount) != (uid, units):
        raise Refused(Reason.PARAMETER_INVALID, "txid")
    return standing
