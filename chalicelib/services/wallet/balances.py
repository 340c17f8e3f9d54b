"""What a person has."""

from dataclasses import dataclass

from chalicelib import settings
from chalicelib.stores import accounts


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
