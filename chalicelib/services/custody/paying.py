"""Payouts. A withdrawal is paid by one transaction, signed and written down before it is sent (2): what is sent again after
any doubt are the very same bytes, so nobody is ever paid twice. The coins that it spends are spoken for in the same write.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib import clock, settings, telemetry
from chalicelib.core.transfers import REFUNDED, Kind, Rail, Status
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
#: One that was refunded is looked out for so long.
WATCHED_MS = 30 * 24 * 3600 * 1000


class Distrusted(Exception):  # noqa: N818 - says what is the case
    """The wallet signed something else than it was asked to."""


class Full(Exception):  # noqa: N818 - says what is the case
    """As many payouts as there may be at once are unfinished."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction to be: the coins that it spends, and what it pays to whom (1e-8)."""

    coins: tuple[str, ...]
    pays: dict[str, int]


def pay(node: Node, asset: str, in_time: Callable[[], bool]) -> None:
    """Pay approved withdrawals, the oldest first, `PAYOUTS_MAX` of them. What the hot wallet cannot cover waits (10), and
    people are called; smaller ones that it can cover do not wait for it. Those of blocked accounts wait too.
    """
    waiting = [
        found
        for status in (Status.ACCEPTED, Status.HOT_WALLET_SHORT)
        for found in transfers.opened(Rail.CHAIN, Kind.WITHDRAWAL, asset, status)
    ]
    stopped: dict[str, bool] = {}
    made, too_much = 0, None
    for found in sorted(waiting, key=lambda one: one.number):
        if made == PAYOUTS_MAX or not in_time():
            break
        if found.uid not in stopped:
            owner = accounts.get(found.uid)
            stopped[found.uid] = owner is None or bool(owner.blocked)
        if stopped[found.uid]:
            continue  # a chain took a deposit of theirs back: nothing leaves until that is settled
        transfer = transfers.get(found.id)
        if transfer is None or transfer.status not in {Status.ACCEPTED, Status.HOT_WALLET_SHORT}:
            continue
        amount = transfer.amount - transfer.fee
        try:
            if transfer.payout:
                _pay_again(node, transfer)
            elif (too_much is not None and amount >= too_much) or not _pay(node, asset, transfer):
                # What was too much a moment ago, when there was more, need not be tried.
                too_much = amount if too_much is None else min(amount, too_much)
                _wait(transfer)
                continue
            made += 1
        except Full:
            break
        except (transfers.Moved, transfers.StepRefused):
            continue  # another run is at it
        except (Said, Distrusted) as error:
            telemetry.alarm("PayoutRefused", error, transfer=transfer.id)


def _pay_again(node: Node, transfer: Transfer) -> None:
    """An operator has put it back: it is still the one payment that there may ever be."""
    if transfer.status is Status.HOT_WALLET_SHORT:
        transfer = transfers.move(transfer, Status.ACCEPTED, BY, "to be sent again")
    _send(node, transfers.move(transfer, Status.CONFIRMING, BY, f"pays by {transfer.txid}, again"))


def _wait(transfer: Transfer) -> None:
    telemetry.count("HotWalletShort", asset=transfer.asset)
    if transfer.status is not Status.HOT_WALLET_SHORT:
        transfers.move(transfer, Status.HOT_WALLET_SHORT, BY, "the hot wallet has too little")


def _pay(node: Node, asset: str, transfer: Transfer) -> bool:
    """Pay one; False if the hot wallet has too little for it. Raises `Full`, and what `pay` passes over."""
    # In this order: what was finished before we looked, the wallet knows as spent.
    chain = chains.get(asset)
    assert chain is not None
    if len(chain.spending) >= OPEN_MAX:
        raise Full(asset)
    draft = _draft(node, asset, chain, transfer)
    if draft is None:
        return False
    signed = node.signed(node.unsigned(draft.coins, draft.pays))
    txid = _checked(asset, draft, node.decoded(signed)).txid
    if transfer.status is Status.HOT_WALLET_SHORT:
        transfer = transfers.move(transfer, Status.ACCEPTED, BY, "the hot wallet has enough")
    noted: transfers.Notes = {"txid": txid, "payout": " ".join([signed, *draft.coins])}
    spend = chains.spend(chain, draft.coins, txid, transfer.id)
    _send(node, transfers.move(transfer, Status.CONFIRMING, BY, f"pays by {txid}", noted, [spend]))
    return True


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


def resend(node: Node, chain: Chain, in_time: Callable[[], bool]) -> None:
    """Send payouts again that are in no block and wait in no pool. One that stays away from both needs eyes."""
    for txid, withdrawal in unseen(chain):
        if not in_time():
            break
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
            if transfer.status in REFUNDED and clock.now_ms() - transfer.updated > WATCHED_MS:
                chains.write(chains.release(chain, withdrawal))
            continue  # in people's hands
        if clock.now_ms() - transfer.updated > LOST_MS:
            telemetry.alarm("PayoutLost", Distrusted(txid), transfer=transfer.id)
        _send(node, transfer)
