"""Assets and markets: what may be traded, in which precision, at which fees. Parsed from the tables of `exchange.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chalicelib.core.money import SCALE, fee_on, from_decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms an asset comes and goes, in 1e-8.

    A withdrawal of `minimum` or more costs `fee`, or `fee_rate` (1e-8 per unit) of its amount if that is more, rounded up to a
    multiple of `unit`. No operator has to approve it while the person's sum of 24 hours stays below `auto_below` (None: always).
    A deposit is credited after `confirmations`.
    """

    fee: int
    minimum: int
    fee_rate: int = 0
    auto_below: int | None = None
    confirmations: int = 0
    unit: int = 1

    def fee_of(self, amount: int) -> int:
        """What of `amount` stays here. The house gains what is rounded, so that what is left can be paid exactly."""
        share = -(-fee_on(amount, self.fee_rate) // self.unit) * self.unit
        return max(self.fee, share)


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset. `decimals` is the precision that requests may use; the ledger keeps 1e-8 of every asset.

    `message_magic` is what its wallets put before a message that they sign. `addresses` says how its addresses are written
    ("" for what lives on no block chain), and `networks` what tells its own networks apart, by their names. `fiat`: money of a
    state, which goes to banks. `terms`: on which it comes and goes. Less than `dust` (1e-8) is no deposit; `network_fee` (1e-8
    per 1000 bytes) is the least that a payout offers to miners.
    """

    id: str
    decimals: int
    block_chain: bool
    terms: Terms
    fiat: bool = False
    message_magic: str = ""
    addresses: str = ""
    networks: Mapping[str, "Network"] = field(default_factory=dict)
    dust: int = 0
    network_fee: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """A network of a coin of Bitcoin's family: the first byte of addresses of keys and of scripts, the beginning of those in
    Bech32 ("" where a coin has none), and the hash of its first block, by which a node on another network is known."""

    p2pkh: int
    p2sh: int
    genesis: str
    bech32: str = ""
    #: A node whose last block is older than this is behind, ms; 0: blocks come when somebody makes them.
    silent_ms_max: int = 4 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Custody:
    """How a stage keeps a coin.

    `account` is what people deposit to: of Bitcoin's family a watch-only extended public key, of others an account. `node`
    is the kind of full node that custody speaks to ("" for none: operators).
    """

    network: str
    account: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """One market, `base`-`quote`. Minimum in 1e-8 quote; fees in 1e-8 per unit received."""

    id: str
    base: str
    quote: str
    price_decimals: int
    amount_decimals: int
    notional_min: int
    maker_fee: int
    taker_fee: int
    self_trade_allowed: bool

    @property
    def house(self) -> str:
        """The uid of the account that this market's fees are credited to; one per market, so that no two contend."""
        return f"house-{self.id}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """All assets and markets, by id (upper case), and the aliases that are accepted on input."""

    assets: Mapping[str, Asset]
    markets: Mapping[str, Market]
    aliases: Mapping[str, str]
    #: dialect → the rate (1e-8 per unit received) of orders placed there, on either side; others pay their market's rates.
    order_fees: Mapping[str, int] = field(default_factory=dict)

    def asset(self, name: str) -> Asset | None:
        """The asset that a person means by `name`, in any case, by id or alias."""
        key = name.upper()
        # Only ASCII: the upper case of some other letters is an ASCII letter ("ſ" becomes "S").
        return self.assets.get(self.aliases.get(key, key)) if name.isascii() else None

    def priced_in(self, asset: str) -> list[str]:
        """The markets whose quote an asset is."""
        return [market.id for market in self.markets.values() if market.quote == asset]

    def market(self, name: str) -> Market | None:
        """The market that a person means by ``base-quote``, in any case, by id or alias of its assets."""
        if name.isascii() and name.count("-") == 1:
            base, quote = (self.aliases.get(part, part) for part in name.upper().split("-"))
            return self.markets.get(f"{base}-{quote}")
        return None


def parse(document: Mapping[str, Any]) -> Exchange:
    """Build the exchange from the parsed `exchange.toml`. Raises `KeyError` or `ValueError` for a malformed one."""
    assets = {
        name: Asset(
            id=name,
            decimals=row.get("decimals", 8),
            block_chain=row.get("block_chain", False),
            fiat=row.get("fiat", False),
            terms=_terms(document["transfers"][name], row.get("decimals", 8)),
            message_magic=row.get("message_magic", ""),
            addresses=row.get("addresses", ""),
            networks={
                network: Network(**rows[name]) for network, rows in document.get("networks", {}).items() if name in rows
            },
            **_chain(document.get("chains", {}).get(name, {})),
        )
        for name, row in document["assets"].items()
    }
    aliases = {alias: name for name, row in document["assets"].items() for alias in row.get("aliases", ())}
    markets = {}
    for name, row in document["markets"].items():
        base, quote = name.split("-")
        markets[name] = Market(
            id=name,
            base=base,
            quote=quote,
            price_decimals=assets[quote].decimals,
            amount_decimals=assets[base].decimals,
            notional_min=_exact(document["minimum_notional"][quote]),
            maker_fee=_exact(row.get("maker_fee", "0")),
            taker_fee=_exact(row.get("taker_fee", "0")),
            self_trade_allowed=row.get("self_trade_allowed", False),
        )
    order_fees = {dialect: _rate(text) for dialect, text in document.get("order_fees", {}).items()}
    return Exchange(assets=assets, markets=markets, aliases=aliases, order_fees=order_fees)


def _terms(row: Mapping[str, Any], decimals: int) -> Terms:
    return Terms(
        fee=_exact(row["fee"]),
        minimum=_exact(row["minimum"]),
        fee_rate=_rate(row.get("fee_rate", "0")),
        auto_below=_exact(row["auto_below"]) if "auto_below" in row else None,
        confirmations=row.get("confirmations", 0),
        unit=SCALE // 10**decimals,
    )


def _rate(text: str) -> int:
    """A rate that a fill can bear: more than all that a side receives cannot be taken from it."""
    rate = _exact(text)
    if not 0 <= rate <= SCALE:
        raise ValueError(text)
    return rate


def custodies(document: Mapping[str, Any], exchange: Exchange) -> dict[str, Custody]:
    """asset → how a stage keeps it. Raises `KeyError`, `TypeError` or `ValueError` for a malformed configuration."""
    found = {name: Custody(**{"network": "main"} | row) for name, row in document.items()}
    for name, one in found.items():
        asset = exchange.assets[name]
        if asset.networks and one.network not in asset.networks:
            raise ValueError(f"{name} knows no network {one.network}")
        if asset.addresses == "bitcoin" and one.account[1:4] != "pub":
            raise ValueError(f"the account of {name} is an extended public key, as xpub or tpub")
    return found


def _chain(row: Mapping[str, str]) -> dict[str, int]:
    """What an asset's row of ``chains`` says."""
    return {name: _exact(value) for name, value in row.items()}


def _exact(text: str) -> int:
    """A decimal written as a string in the configuration, so that no float is ever involved."""
    return from_decimal(Decimal(text))
