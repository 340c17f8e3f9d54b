"""What the exchange holds: addresses on block chains whose ownership it has shown, and what they add up to."""

from dataclasses import replace
from decimal import Decimal

from chalicelib import clock, settings
from chalicelib.core.addresses import signed_by, version
from chalicelib.core.markets import Asset
from chalicelib.core.money import Imprecise, from_decimal
from chalicelib.core.orders import Page
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Rail
from chalicelib.stores import addresses, transfers
from chalicelib.stores.addresses import Address, Reserve
from chalicelib.stores.transfers import Transfer

#: What the owner of an address signs to show that it is ours.
MESSAGE = "coinport"
#: More addresses than this are not listed one by one; their sums count all the same.
DISTRIBUTION_MAX = 1_000


def stats() -> dict[str, Reserve]:
    """asset → what is held and owed, of all assets that live on a block chain."""
    return addresses.reserves([asset.id for asset in settings.exchange().assets.values() if asset.block_chain])


def of_asset(asset: str) -> tuple[Reserve, list[Address]]:
    """What is held and owed of an asset, and where. Raises `Refused` for one that lives on no block chain."""
    if not settings.exchange().assets[asset].block_chain:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    return addresses.reserves([asset])[asset], addresses.of_asset(asset, DISTRIBUTION_MAX).items


def transfers_of(asset: str, cursor: int | None, limit: int) -> Page[Transfer]:
    """An asset's succeeded transfers with number < `cursor` (None: from the newest), newest first, as anyone may see them."""
    page = transfers.succeeded(asset, cursor, limit)
    return Page([public(one) for one in page.items], page.more)


def public(transfer: Transfer) -> Transfer:
    """A transfer as anyone may see it: only what stands on a block chain; the others' addresses are people's bank cards."""
    return transfer if transfer.rail is Rail.CHAIN else replace(transfer, address="", txid="")


def add_address(currency: str, address: str, kind: str, signature: str) -> Address:
    """Register an address of ours, whose key has signed "coinport".

    A coin whose wallets sign no messages takes no signature. Raises `Refused` for whatever does not hold.
    """
    asset = _block_chain_asset(currency)
    if kind not in {"hot", "cold"}:
        raise Refused(Reason.PARAMETER_INVALID, "kind")
    if not asset.networks:
        if signature:
            raise Refused(Reason.PARAMETER_INVALID, "signature")
        if not (address.isascii() and address.isprintable() and 0 < len(address) <= 100):
            raise Refused(Reason.PARAMETER_INVALID, "address")
    else:
        if version(address) != settings.network(asset.id).p2pkh:
            raise Refused(Reason.PARAMETER_INVALID, "address")
        if not signed_by(address, MESSAGE, signature, asset.message_magic):
            raise Refused(Reason.PARAMETER_INVALID, "signature")
    one = Address(asset.id, address, kind, MESSAGE if signature else "", signature, 0, clock.now_ms())
    if not addresses.add(one):
        raise Refused(Reason.PARAMETER_INVALID, "address")
    return one


def set_address_balance(currency: str, address: str, amount: Decimal) -> Reserve:
    """Say what an address of ours holds now; gives back the asset's sums. Raises `Refused` for an unknown address."""
    asset = _block_chain_asset(currency)
    try:
        units = from_decimal(amount)
    except Imprecise as error:
        raise Refused(Reason.PARAMETER_INVALID, "amount") from error
    if units < 0:
        raise Refused(Reason.PARAMETER_INVALID, "amount")
    now = clock.now_ms()
    if not addresses.set_amount(asset.id, address, units, now):
        raise Refused(Reason.PARAMETER_INVALID, "address")
    addresses.sum_up(asset.id, now)
    return addresses.reserves([asset.id])[asset.id]


def _block_chain_asset(currency: str) -> Asset:
    asset = settings.exchange().asset(currency)
    if asset is None:
        raise Refused(Reason.NO_SUCH_CURRENCY, "currency")
    if not asset.block_chain:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    return asset
