"""Following a chain: what stands in its blocks is written down, what stood in replaced ones is taken back, and what is deep
enough becomes final."""

from collections.abc import Callable, Iterable, Sequence

from chalicelib import clock, settings, telemetry
from chalicelib.core.addresses import encoded
from chalicelib.core.transfers import REFUNDED, Kind, Rail, Status
from chalicelib.services.custody.fitness import Unfit
from chalicelib.stores import accounts, addresses, chains, holdings, transfers
from chalicelib.stores.chains import Chain, Overtaken, Sighting
from chalicelib.stores.holdings import Holding
from chalicelib.stores.node import Block, Down, Node, Transaction
from chalicelib.stores.table import Step
from chalicelib.stores.transfers import Notes, Transfer

#: What a miner made can be spent only after so many blocks, and counts no sooner.
MATURITY = 100
#: Nobody replaces blocks below so many others; what stands there is forgotten once it is treated.
BURIED = chains.TRAIL_BLOCKS
FORGET_MAX = 100
#: A transaction that lost its block and waits in no pool is given up after this time.
GONE_MS = 3600 * 1000
BY = "custody"
NOWHERE: Notes = {"block": "", "height": 0, "confirmations": 0}
#: A payout that an operator has stopped, or stopped and put back: that a block has it, or not, is only noted.
_IN_HAND = frozenset({Status.ERROR, Status.ACCEPTED, Status.HOT_WALLET_SHORT})


class Replaced(Exception):  # noqa: N818 - says what is the case
    """The chain says something else than the books."""


def undo(node: Node, chain: Chain) -> Chain:
    """Go back to the last block that we and the node's chain both have; the chain from there. What was seen above is taken
    back by `read`, when it knows what stands there instead: so whatever chain wins in the end, it is read from below.

    Raises `Unfit` if there is none as far as we remember: such a thing people have to look at.
    """
    if node.block_hash(chain.height) == chain.hash:
        return chain
    height, block = _fork(node, chain)
    telemetry.count("ChainReorganised", chain.height - height, asset=chain.asset)
    holdings.unspend(chain.asset, height)
    return chains.rewind(chain, height, block)


def _fork(node: Node, chain: Chain) -> tuple[int, str]:
    height = chain.height - 1
    while (ended := chain.ended_with(height)) is not None:
        block = node.block_hash(height) or ""
        if block.endswith(ended):
            return height, block
        height -= 1
    raise Unfit(f"another chain: nothing of it is known down to block {height + 1}")


def sound(node: Node, chain: Chain, height: int) -> tuple[int, str]:
    """The block at `height`, or one further back: all that was seen there and below stands in the node's chain still, for all
    that we remember. Raises `Down`."""
    asked: dict[int, str | None] = {}
    for sighting in chains.sightings(chain.asset):
        if sighting.height > height:
            break
        if sighting.height not in asked:
            asked[sighting.height] = node.block_hash(sighting.height)
        if asked[sighting.height] != sighting.block:
            height = sighting.height - 1
    block = node.block_hash(height)
    if block is None:
        raise Down("it lost a block meanwhile")
    return height, block


def take_back(chain: Chain, sighting: Sighting) -> None:
    """Another block stands in the place of its block: what stood there is re-organised (6). A deposit that was credited
    blocks its account (see `core.transfers`), and people are called. Raises `Overtaken`.

    `chain` has claimed the block that stands there, and its cursor is below: so the sighting is found again if its block is.
    """
    transfer = transfers.get(sighting.transfer)
    assert transfer is not None
    why = f"block {sighting.block} was replaced"
    steps = [chains.unsee(sighting), chains.still(chain)]
    if transfer.kind is Kind.DEPOSIT:
        steps.append(holdings.lose(sighting.asset, sighting.coin))
    try:
        if transfer.kind is Kind.WITHDRAWAL and transfer.status is Status.SUCCEEDED:
            # Paid as far as its owner is concerned; but it has to get into a block again.
            respend = chains.respend(chain, _coins_of(transfer), sighting.txid, transfer.id)
            written = chains.write([chains.unsee(sighting), respend])
        elif transfer.status in REFUNDED:
            written = chains.write(steps)
        else:
            written = True
            # What an operator is at stays as it is.
            to = transfer.status if transfer.status in _IN_HAND else Status.REORGANIZING
            transfers.move(transfer, to, BY, why, NOWHERE, steps)
            if transfer.status is Status.SUCCEEDED:
                telemetry.alarm("DepositTakenBack", Replaced(transfer.id), uid=transfer.uid)
    except (transfers.Moved, transfers.StepRefused):
        written = False
    if not written:
        raise Overtaken(sighting.asset)  # somebody else is at it; the next run looks again


def _coins_of(payout: Transfer) -> list[str]:
    """The coins that a payout spends, as its note says."""
    return payout.payout.split(" ")[1:]


def read(node: Node, chain: Chain, height: int, in_time: Callable[[], bool]) -> Chain:
    """Read blocks up to `height`, as far as time allows. Raises `Overtaken`."""
    while chain.height < height and in_time():
        wanted = node.block_hash(chain.height + 1)
        if wanted is None:
            break
        block = node.block(wanted)
        if (block.hash, block.height) != (wanted, chain.height + 1):
            raise Down("another block than was asked for")
        if block.previous != chain.hash:
            break  # the chain has just gone another way; the next run undoes
        # Payouts are noted before they are sent, so whatever is in this block is noted by now.
        chain = chains.claim(chain, block.hash)
        _correct(chain, block)
        chain = chains.again(chain)  # payouts that were finished may be open again
        _write_down(node, chain, block)
        chain = chains.advance(chain, block.hash)
    return chain


def _correct(chain: Chain, block: Block) -> None:
    """Take back what this block says is wrong: what was seen in another block at its height, or in a later block of another
    chain although it stands in this one."""
    here = {transaction.txid for transaction in block.transactions}
    for sighting in chains.sightings(chain.asset):
        if sighting.block == block.hash or sighting.height < block.height:
            continue
        if sighting.height == block.height or sighting.txid in here:
            take_back(chain, sighting)


def _write_down(node: Node, chain: Chain, block: Block) -> None:
    first = settings.network(chain.asset).p2pkh
    paid = [
        (transaction, output, encoded(first, output.key_hash))
        for transaction in block.transactions
        for output in transaction.outputs
        if output.key_hash is not None
    ]
    owners = addresses.owners(chain.asset, (address for _, _, address in paid))
    for transaction, output, address in paid:
        if address in owners:
            _deposit(chain, block, transaction, output.number, output.amount, address, owners[address])
    _payouts(node, chain, block)
    holdings.spend(chain.asset, (coin for one in block.transactions for coin in one.spends), block.height)


def _deposit(
    chain: Chain, block: Block, transaction: Transaction, number: int, amount: int, address: str, uid: str
) -> None:
    asset = chain.asset
    rules = settings.exchange().assets[asset]
    if amount < rules.dust:
        telemetry.count("DustDeposit", asset=asset)
        return
    wanted = transfers.Deposit(
        f"{Kind.DEPOSIT}:{asset}:{transaction.txid}:{number}", uid, asset, amount, clock.now_ms(), address=address
    )
    needed = rules.terms.confirmations if transaction.spends else max(rules.terms.confirmations, MATURITY)
    sighting = Sighting(asset, block.height, transaction.txid, number, wanted.id, block.hash, needed)
    held = holdings.hold(Holding(asset, sighting.coin, uid, address, amount))
    steps = [chains.see(sighting), held, chains.still(chain)]
    standing = transfers.get(wanted.id)
    if standing is None:
        try:
            transfers.notice_deposit(wanted, BY, f"in block {block.hash}", _notes(block), steps)
        except transfers.StepRefused as error:
            raise Overtaken(asset) from error
    else:
        _seen_again(standing, block, steps)


def _payouts(node: Node, chain: Chain, block: Block) -> None:
    """Note the payouts that stand in a block, and call people for those whose coins it spends otherwise."""
    payouts = chain.open_payouts()
    for transaction in block.transactions:
        if transaction.txid in payouts:
            _paid(chain, block, transaction, payouts[transaction.txid])
            continue
        for withdrawal in {chain.spending[coin][1] for coin in transaction.spends if coin in chain.spending}:
            transfer = transfers.get(withdrawal)
            assert transfer is not None
            if _same(node.decoded(transfer.payout.split(" ")[0]), transaction):
                _paid(chain, block, transaction, withdrawal)
            else:
                telemetry.alarm("PayoutLost", Replaced(f"spent by {transaction.txid}"), transfer=withdrawal)


def _same(payout: Transaction, found: Transaction) -> bool:
    """Whether a transaction is a payout under another name: what is signed can be written in several ways."""
    paid = [[(one.script, one.amount) for one in each.outputs] for each in (payout, found)]
    return set(payout.spends) == set(found.spends) and paid[0] == paid[1]


def _paid(chain: Chain, block: Block, transaction: Transaction, withdrawal: str) -> None:
    asset = chain.asset
    transfer = transfers.get(withdrawal)
    assert transfer is not None
    if transfer.status in REFUNDED:
        telemetry.alarm("PaidAndRefunded", Replaced(transfer.id), uid=transfer.uid, txid=transaction.txid)
    needed = settings.exchange().assets[asset].terms.confirmations
    sighting = Sighting(asset, block.height, transaction.txid, 0, withdrawal, block.hash, needed)
    _seen_again(transfer, block, [chains.see(sighting), chains.still(chain)], transaction.txid)


#: What a transfer that is seen in a block becomes.
_SEEN = {
    Status.CONFIRMING: Status.CONFIRMING,
    Status.CONFIRMED: Status.CONFIRMED,
    Status.REORGANIZING: Status.REORGANIZED,
    Status.REORGANIZED: Status.REORGANIZED,
    **{status: status for status in _IN_HAND},
}


def _seen_again(transfer: Transfer, block: Block, steps: Sequence[Step], txid: str = "") -> None:
    """Note in which block a known transfer stands, and as what; a repeat changes nothing. Raises `Overtaken`."""
    to = _SEEN.get(transfer.status)
    if transfer.kind is Kind.DEPOSIT and transfer.status is Status.FAILED:
        to = Status.CONFIRMING  # what had vanished is there after all
    try:
        if to is None:
            # Final. A payout is followed until its coins are surely spent.
            if transfer.kind is Kind.WITHDRAWAL and not chains.write(steps):
                raise Overtaken(transfer.asset)
        elif transfer.block != block.hash:
            notes = _notes(block)
            if txid:
                notes["txid"] = txid
            transfers.move(transfer, to, BY, f"in block {block.hash}", notes, steps)
    except (transfers.Moved, transfers.StepRefused) as error:
        raise Overtaken(transfer.asset) from error  # the next run reads the block again


def _notes(block: Block) -> Notes:
    return {"block": block.hash, "height": block.height, "confirmations": 1}


def conclude(node: Node, chain: Chain) -> None:
    """Treat as final what has its confirmations: credit deposits, finish withdrawals. The block is asked for once more first."""
    chain = chains.get(chain.asset) or chain  # whatever was seen to be paid is noted there by now
    stands: dict[int, str | None] = {}
    old: list[Sighting] = []
    for sighting in chains.sightings(chain.asset):
        depth = chain.height - sighting.height + 1
        if sighting.done and depth > BURIED:
            old.append(sighting)
        if sighting.done or depth < sighting.needed:
            continue
        if sighting.height not in stands:
            stands[sighting.height] = node.block_hash(sighting.height)
        if stands[sighting.height] != sighting.block:
            return  # the chain has just gone another way; the next run undoes
        _conclude(chain, sighting, {"confirmations": depth})
    if old:
        chains.forget(old[:FORGET_MAX])


def _conclude(chain: Chain, sighting: Sighting, notes: Notes) -> None:
    transfer = transfers.get(sighting.transfer)
    assert transfer is not None
    finish = [chains.finish(sighting)]
    if transfer.kind is Kind.WITHDRAWAL:
        finish += chains.release(chain, transfer.id)
    why = f"{notes['confirmations']} confirmations"
    try:
        if transfer.status in {Status.CONFIRMING, Status.REORGANIZED} and not transfer.credited:
            transfer = transfers.move(transfer, Status.CONFIRMED, BY, why, notes)
        if transfer.status is Status.ERROR:
            return  # an operator decides, and then it is finished
        if transfer.status in {Status.CONFIRMED, *_IN_HAND} or (
            transfer.status is Status.REORGANIZED and transfer.credited
        ):
            transfers.move(transfer, Status.SUCCEEDED, BY, why, notes, finish)
        elif transfer.status is not Status.REORGANIZING:
            chains.write(finish)
    except (transfers.Moved, transfers.StepRefused):
        return  # somebody else has; the next run looks again
    except transfers.NoAccount as error:
        telemetry.alarm("DepositUnowned", error, transfer=transfer.id)


def give_up(node: Node, chain: Chain, in_time: Callable[[], bool]) -> None:
    """Deposits that lost their block an hour ago and wait in no pool have failed (5). One that was credited is taken back, if
    the account still has it; if not, the account stays blocked, and people are called."""
    for found in list(transfers.opened(Rail.CHAIN, Kind.DEPOSIT, chain.asset, Status.REORGANIZING)):
        if not in_time():
            break
        if clock.now_ms() - found.updated < GONE_MS or node.waits(found.txid):
            continue
        transfer = transfers.get(found.id)
        if transfer is None or transfer.status is not Status.REORGANIZING:
            continue
        try:
            transfers.move(transfer, Status.FAILED, BY, "its block was replaced, and nobody has it")
        except accounts.Short as error:
            telemetry.alarm("DepositTakenBack", error, transfer=transfer.id, uid=transfer.uid)
        except transfers.Moved:
            continue


def add_up(chain: Chain) -> None:
    """Say what lies on the deposit addresses in all, for everybody to see."""
    addresses.note_user(chain.asset, holdings.total(chain.asset, chain.height - BURIED), clock.now_ms())


def unseen(chain: Chain) -> Iterable[tuple[str, str]]:
    """(transaction, withdrawal) of payouts that are in no block yet."""
    mined = {sighting.transfer for sighting in chains.sightings(chain.asset)}
    return [(txid, withdrawal) for txid, withdrawal in chain.open_payouts().items() if withdrawal not in mined]
