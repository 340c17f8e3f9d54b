"""Payouts. A withdrawal is paid by one transaction, signed and written down before it is sent (2): what is sent again after
any doubt are the very same bytes, so nobody is ever paid twice. The coins that it spends are spoken for in the same write.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib import clock, settings, telemetry
from chalicelib.core.transfers import Kind, Rail, Status
from chalicelib.services import addresses
from chalicelib.services.custody.following import BY, unseen
from chalicelib.stores import accounts, chains, transfers
from chalicelib.stores.chains import Chain
from chalicelib.stores.node import Coin, Down, Node, Said, Transaction
from chalicelib.stores.transfers import Transfer

#: So many blocks may pass until a payout is mined; and how much more than the least may be offered for that.
BLOCKS_WANTED = 6
FEE_FACTOR_MAX = 10
#: Bytes of a transaction: of itself, of a coin that it spends, of an output (the longest form).
TRANSACTION_BYTES, COIN_BYTES, OUTPUT_BYTES = 12, 149, 43
COINS_MAX = 60
PAYOUTS_MAX = 20
#: More unfinished payouts than this at once, and others wait: it bounds the size of the chain's row.
OPEN_MAX = 500
#: A payout that no pool has after this time needs eyes.
LOST_MS = 15 * 60_000


class Distrusted(Exception):  # noqa: N818 - says what is the case
    """The wallet signed something else than it was asked to."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction to be: the coins that it spends, and what it pays to whom (1e-8)."""

    coins: tuple[str, ...]
    pays: dict[str, int]


def pay(node: Node, asset: str, in_time: Callable[[], bool]) -> None:
    """Pay approved withdrawals, the oldest first. What the hot wallet cannot cover waits (10), and people are called.

    Those of blocked accounts wait too.
    """
    waiting = [
        found
        for status in (Status.ACCEPTED, Status.HOT_WALLET_SHORT)
        for found in transfers.opened(Rail.CHAIN, Kind.WITHDRAWAL, asset, status)
    ]
    for found in sorted(waiting, key=lambda one: one.number)[:PAYOUTS_MAX]:
        transfer = transfers.get(found.id)
        if not in_time():
            break
        if transfer is None or transfer.status not in {Status.ACCEPTED, Status.HOT_WALLET_SHORT}:
            continue
        owner = accounts.get(transfer.uid)
        if owner is None or owner.blocked:
            continue  # a chain took a deposit of theirs back: nothing leaves until that is settled
        try:
            _pay(node, asset, transfer)
        except (transfers.Moved, transfers.StepRefused):
            continue  # another run is at it
        except (Said, Distrusted) as error:
            telemetry.alarm("PayoutRefused", error, transfer=transfer.id)


def _pay(node: Node, asset: str, transfer: Transfer) -> None:
    if transfer.payout:
        # An operator has put it back: it is still the one payment that there may ever be.
        if transfer.status is Status.HOT_WALLET_SHORT:
            transfer = transfers.move(transfer, Status.ACCEPTED, BY, "to be sent again")
        sent = transfers.move(transfer, Status.CONFIRMING, BY, f"pays by {transfer.txid}, again")
        _send(node, sent)
        return
    # In this order: what was finished before we looked, the wallet knows as spent.
    chain = chains.get(asset)
    assert chain is not None
    if len(chain.spending) >= OPEN_MAX:
        return
    draft = _draft(node, asset, chain, transfer)
    if draft is None:
        telemetry.count("HotWalletShort", asset=asset)
        if transfer.status is not Status.HOT_WALLET_SHORT:
            transfers.move(transfer, Status.HOT_WALLET_SHORT, BY, "the hot wallet has too little")
        return
    signed = node.signed(node.unsigned(draft.coins, draft.pays))
    txid = _checked(asset, draft, node.decoded(signed)).txid
    if transfer.status is Status.HOT_WALLET_SHORT:
        transfer = transfers.move(transfer, Status.ACCEPTED, BY, "the hot wallet has enough")
    noted: transfers.Notes = {"txid": txid, "payout": " ".join([signed, *draft.coins])}
    spend = chains.spend(chain, draft.coins, txid, transfer.id)
    _send(node, transfers.move(transfer, Status.CONFIRMING, BY, f"pays by {txid}", noted, [spend]))


def _send(node: Node, transfer: Transfer) -> None:
    """Broadcast what is written down. If it fails, the next run does it again: see `resend`."""
    try:
        node.send(transfer.payout.split(" ")[0])
    except (Down, Said) as error:
        telemetry.logger().warning("payout not sent", extra={"transfer": transfer.id, "error": str(error)})


def _draft(node: Node, asset: str, chain: Chain, transfer: Transfer) -> Draft | None:
    """Which coins pay a withdrawal, the biggest first; None if they do not suffice. Of unconfirmed ones only our own change."""
    rules = settings.exchange().assets[asset]
    ours = chain.open_payouts()
    coins = [
        coin
        for coin in node.coins()
        if coin.outpoint not in chain.spending and (coin.confirmations or coin.outpoint.partition(":")[0] in ours)
    ]
    estimate = node.fee_per_kb(BLOCKS_WANTED) or 0
    rate = max(rules.network_fee, min(estimate, FEE_FACTOR_MAX * rules.network_fee))
    pays = transfer.amount - transfer.fee
    chosen: list[Coin] = []
    for coin in sorted(coins, key=lambda one: (one.amount, one.confirmations), reverse=True)[:COINS_MAX]:
        chosen.append(coin)
        change = sum(one.amount for one in chosen) - pays - _fee(rate, len(chosen))
        if change >= 0:
            outputs = {transfer.address: pays}
            if change >= max(rules.dust, 1):
                outputs[_change_address(node, chosen, transfer.address)] = change
            return Draft(tuple(one.outpoint for one in chosen), outputs)
    return None


def _fee(rate: int, coins: int) -> int:
    """What miners are offered, rounded up."""
    return -(-rate * (TRANSACTION_BYTES + coins * COIN_BYTES + 2 * OUTPUT_BYTES) // 1000)


def _change_address(node: Node, chosen: Sequence[Coin], payee: str) -> str:
    """Change goes back to where the coin was, so that what we say we hold stays where we say it is."""
    address = chosen[0].address
    return address if address and address != payee else node.change_address()


def _checked(asset: str, draft: Draft, signed: Transaction) -> Transaction:
    """What the wallet signed, if it is what it was asked to sign: the coins, and to whom how much. Raises `Distrusted`."""
    wanted = [(addresses.script_of(asset, address), amount) for address, amount in draft.pays.items()]
    if set(signed.spends) != set(draft.coins) or [(one.script, one.amount) for one in signed.outputs] != wanted:
        raise Distrusted(signed.txid)
    return signed


def resend(node: Node, chain: Chain) -> None:
    """Send payouts again that are in no block and wait in no pool. One that stays away from both needs eyes."""
    for txid, withdrawal in unseen(chain):
        if node.waits(txid):
            continue
        transfer = transfers.get(withdrawal)
        assert transfer is not None
        if transfer.status not in {
            Status.CONFIRMING,
            Status.CONFIRMED,
            Status.REORGANIZING,
            Status.REORGANIZED,
            Status.SUCCEEDED,
        }:
            continue  # in people's hands
        if clock.now_ms() - transfer.updated > LOST_MS:
            telemetry.alarm("PayoutLost", Distrusted(txid), transfer=transfer.id)
        _send(node, transfer)
