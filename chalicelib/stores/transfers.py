"""Deposits and withdrawals: key transfer id. A deposit is credited once per (asset, txid, output), whatever is replayed.

A deposit's key is ``deposit:<asset>:<txid>:<output>``, a withdrawal's ``withdrawal:<number>``. How transfers move is a table
(`core.transfers`); a move is ONE transaction: the transfer on condition that it is as it was seen, its account where money
moves, a line of the log of moves, and other stores' steps. So money moves with its transfer or not at all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypedDict

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib import clock
from chalicelib.core import ids
from chalicelib.core.orders import Page
from chalicelib.core.transfers import Effect, From, Kind, Rail, Status, credited_after, effect_of
from chalicelib.stores import accounts, aws
from chalicelib.stores.table import CONFLICT_PAUSE_MS, CONFLICT_TRIES_MAX, Step, error_code
from chalicelib.stores.transfer_rows import (
    FILTERED_PAGE,
    Listed,
    MoveRow,
    Open,
    Person,
    Success,
    Transfer,
    TransferRow,
    number_of,
    queue,
    to_row,
    to_transfer,
    txid_of,
)

__all__ = [
    "Deposit",
    "Move",
    "Moved",
    "NoAccount",
    "Notes",
    "StepRefused",
    "Transfer",
    "TransferRow",
    "Withdrawal",
    "credit",
    "get",
    "get_withdrawal",
    "log",
    "move",
    "notice_deposit",
    "of_person",
    "of_person_by_numbers",
    "open_withdrawal",
    "opened",
    "scan",
    "since",
    "succeeded",
    "successes",
]

#: A transaction that was refused although nothing it needs is missing any more is made again this often.
UNEXPLAINED_TRIES_MAX: Final = 3
#: What DynamoDB cancels a transaction for although it may do the very same one a moment later.
PASSING: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Notes(TypedDict, total=False):
    """What a move may note beside the status, see `Transfer`."""

    txid: str
    block: str
    height: int
    confirmations: int
    payout: str


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit that is to be opened. `at`: ms since epoch; `amount` in 1e-8; `address`: where it came to."""

    id: str
    uid: str
    asset: str
    amount: int
    at: int
    rail: Rail = Rail.CHAIN
    address: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal that is to be opened. `amount` (1e-8) includes the `fee`; `at`: ms since epoch."""

    uid: str
    asset: str
    amount: int
    fee: int
    at: int
    rail: Rail = Rail.CHAIN
    address: str = ""
    memo: str = ""
    sealed: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Move:
    """A line of the log: who moved a transfer, why and when (ms). `start` is None for the first."""

    start: Status | None
    to: Status
    by: str
    why: str
    at: int


class NoAccount(Exception):  # noqa: N818 - says what is the case
    """There is no such account."""


class Moved(Exception):  # noqa: N818 - says what is the case
    """The transfer is not as it was seen: somebody else moved it. `standing` is what it is now."""

    def __init__(self, standing: Transfer) -> None:
        super().__init__(standing.id)
        self.standing = standing


class StepRefused(Exception):  # noqa: N818 - says what is the case
    """Another store's part of the transaction did not hold, so nothing was written."""


def credit(deposit: Deposit, by: str = "operator", why: str = "", steps: Sequence[Step] = ()) -> Transfer:
    """Open a deposit as succeeded, its money with it, once. Gives back what stands under this id: an earlier one if a repeat.

    Whoever repeats compares it with what was meant. Raises `NoAccount`, or `StepRefused` when one of `steps` (other stores'
    part of the transaction) does not hold. Any other error means: not known; asking again is safe.
    """
    return _open(_of_deposit(deposit, Status.SUCCEEDED), by, why, steps)


def notice_deposit(
    deposit: Deposit, by: str, why: str, changes: Notes | None = None, steps: Sequence[Step] = ()
) -> Transfer:
    """Open a deposit that was seen and is not confirmed (2), once; no money moves. Else as `credit`; `changes` as `move`."""
    return _open(replace(_of_deposit(deposit, Status.CONFIRMING), **(changes or {})), by, why, steps)


def open_withdrawal(
    wanted: Withdrawal, by: str, why: str, steps: Sequence[Step] | Callable[[Transfer], Sequence[Step]] = ()
) -> Transfer:
    """Open a withdrawal (0) and hold its amount: available → pending, in one transaction with `steps`.

    Steps that have to name the withdrawal are made by a function of it, for its number is drawn here.
    Raises `accounts.Short`, `accounts.Blocked`, `NoAccount`, `StepRefused`: nothing was written. Any other error: not known.
    """
    while True:
        number = ids.order_id(max(wanted.at, ids.EPOCH_MS), clock.random_below(ids.WORKERS_MAX))
        transfer = Transfer(
            id=f"{Kind.WITHDRAWAL}:{number}",
            number=number,
            uid=wanted.uid,
            asset=wanted.asset,
            amount=wanted.amount,
            fee=wanted.fee,
            kind=Kind.WITHDRAWAL,
            rail=wanted.rail,
            status=Status.PENDING,
            created=wanted.at,
            updated=wanted.at,
            address=wanted.address,
            memo=wanted.memo,
            sealed=wanted.sealed,
        )
        try:
            return _open(transfer, by, why, steps(transfer) if callable(steps) else steps, alone=True)
        except Moved:
            continue  # another withdrawal has this very number


def move(
    seen: Transfer,
    to: Status,
    by: str,
    why: str,
    changes: Notes | None = None,
    steps: Sequence[Step] = (),
) -> Transfer:
    """Move a transfer as it was `seen`: itself, its account and the log in one transaction with `steps`. What it is then.

    `changes` notes txid, block, height, confirmations, payout beside it; with `to` as it is, that is all that happens. Of
    several who saw the same one wins, the others get `Moved`. Raises `core.transfers.Impossible` for a move that the table
    does not have; `accounts.Short` when what a chain took back is spent; `StepRefused`. Any other error: not known, and
    asking again is safe once the transfer was read again.
    """
    start = From(seen.kind, seen.rail, seen.status, seen.credited)
    effect = effect_of(start, to)
    moved = replace(
        seen,
        status=to,
        updated=max(clock.now_ms(), seen.updated),
        credited=credited_after(start, effect),
        moves=seen.moves + 1,
        succeeded=seen.succeeded or (clock.now_ms() if to is Status.SUCCEEDED else 0),
        **(changes or {}),
    )
    _commit(seen, moved, effect, by, why, steps)
    return moved


def get(transfer_id: str) -> Transfer | None:
    """The transfer of this id, read consistently."""
    try:
        return to_transfer(TransferRow.get(transfer_id, consistent_read=True))
    except TransferRow.DoesNotExist:
        return None


def get_withdrawal(number: int) -> Transfer | None:
    """The withdrawal of this number, read consistently."""
    return get(f"{Kind.WITHDRAWAL}:{number}")


def of_person_by_numbers(uid: str, kind: Kind, numbers: Iterable[int]) -> list[Transfer]:
    """Those of a person's transfers of a kind that have these numbers, newest first. A moment late, as indexes are."""

    def rows(number: int) -> list[TransferRow]:
        return list(TransferRow.by_person.query(uid, Person.number == number))

    found = [row for some in aws.in_parallel(rows, dict.fromkeys(numbers)) for row in some if row.kind == kind.value]
    return [to_transfer(row) for row in sorted(found, key=lambda row: row.number or 0, reverse=True)]


def log(transfer_id: str) -> list[Move]:
    """How a transfer came to be what it is, the first move first."""
    return [
        Move(None if row.start is None else Status(row.start), Status(row.to), row.by, row.why, row.at)
        for row in MoveRow.query(transfer_id, consistent_read=True)
    ]


def of_person(uid: str, kind: Kind, asset: str | None, before: int | None, limit: int) -> Page[Transfer]:
    """A person's transfers of a kind with number < `before` (None: from the newest), newest first, at most `limit`."""
    only = TransferRow.kind == kind.value
    found = TransferRow.by_person.query(
        uid,
        None if before is None else Person.number < before,
        filter_condition=only if asset is None else only & (TransferRow.asset == asset),
        scan_index_forward=False,
        limit=limit + 1,
        page_size=FILTERED_PAGE,
    )
    return _page(found, limit)


def since(uid: str, kind: Kind, asset: str, at: int) -> list[Transfer]:
    """A person's transfers of a kind and an asset opened at `at` (ms) or later. A moment late, as indexes are."""
    found = TransferRow.by_person.query(
        uid,
        Person.number >= ids.order_id(max(at, ids.EPOCH_MS), 0),
        filter_condition=(TransferRow.kind == kind.value) & (TransferRow.asset == asset),
    )
    return [to_transfer(row) for row in found]


def opened(rail: Rail, kind: Kind, asset: str, status: Status | None = None) -> Iterator[Transfer]:
    """An asset's transfers that are under way (or only those of a status), the oldest of each status first.

    The index may be a moment late: `move` says `Moved` if so.
    """
    where = None if status is None else Open.turn.startswith(f"{status.value:02}:")
    return (to_transfer(row) for row in TransferRow.by_queue.query(queue(rail, kind, asset), where))


def succeeded(asset: str, before: int | None, limit: int) -> Page[Transfer]:
    """An asset's succeeded transfers of both kinds with number < `before` (None: from the newest), newest first."""
    condition = None if before is None else Listed.number < before
    return _page(
        TransferRow.by_number.query(asset, condition, scan_index_forward=False, limit=limit + 1),
        limit,
    )


def successes(asset: str, begin: int, end: int | None = None, most: int | None = None) -> Iterator[Transfer]:
    """An asset's transfers that first succeeded at `begin` (ms) or later, and before `end`, in that order; at most `most`.

    Whatever became of them since: a deposit may have been taken back by its chain. The index may be a moment late.
    """
    when = Success.succeeded >= begin if end is None else Success.succeeded.between(begin, end - 1)
    return (to_transfer(row) for row in TransferRow.by_success.query(asset, when, limit=most))


def scan() -> Iterator[Transfer]:
    """Every transfer, in no order: for audits."""
    return (to_transfer(row) for row in TransferRow.scan(consistent_read=True))


# --- how they are written -------------------------------------------------------------------------------------------


def _of_deposit(deposit: Deposit, status: Status) -> Transfer:
    return Transfer(
        id=deposit.id,
        number=number_of(deposit.id, deposit.at),
        uid=deposit.uid,
        asset=deposit.asset,
        amount=deposit.amount,
        fee=0,
        kind=Kind.DEPOSIT,
        rail=deposit.rail,
        status=status,
        created=deposit.at,
        updated=deposit.at,
        address=deposit.address,
        txid=txid_of(deposit.id, deposit.asset),
        credited=status is Status.SUCCEEDED,
        # Not `at`: it may be any moment, and readers count on successes being written soon after theirs.
        succeeded=clock.now_ms() if status is Status.SUCCEEDED else 0,
    )


def _open(transfer: Transfer, by: str, why: str, steps: Sequence[Step], *, alone: bool = False) -> Transfer:
    """Write a new transfer. If there is one already: that one, or `Moved` if it has to be new (`alone`)."""
    if not alone and (standing := get(transfer.id)) is not None:
        return standing
    effect = effect_of(From(transfer.kind, transfer.rail, None), transfer.status)
    try:
        _commit(None, transfer, effect, by, why, steps)
    except Moved as moved:
        if alone:
            raise
        return moved.standing
    return transfer


def _commit(seen: Transfer | None, after: Transfer, effect: Effect, by: str, why: str, steps: Sequence[Step]) -> None:
    """One transaction; recognised when it took effect unheard. A conflict with another writer of the account, or a throttled
    table, changed nothing and is tried again; what goes on like that is not known, and no refusal."""
    use = clock.token_bytes(16).hex()
    line = MoveRow(
        after.id,
        after.moves,
        start=None if seen is None else seen.status.value,
        to=after.status.value,
        by=by,
        why=why,
        at=after.updated,
        use=use,
    )
    unexplained = 0
    for attempt in range(CONFLICT_TRIES_MAX):
        try:
            _transact(seen, after, effect, line, steps)
        except TransactWriteError as error:
            if _took_effect(line):
                return
            standing = get(after.id)
            if standing is not None and (seen is None or standing.moves != seen.moves):
                raise Moved(standing) from error
            if error_code(error) != "TransactionCanceledException":
                raise
            if not _passing(error):
                _explain(after, effect, error)
                unexplained += 1
                if unexplained == UNEXPLAINED_TRIES_MAX:
                    raise (StepRefused(after.id) if steps else error) from error
            if attempt == CONFLICT_TRIES_MAX - 1:
                raise
            clock.sleep_ms(CONFLICT_PAUSE_MS << attempt)
        else:
            return


def _transact(seen: Transfer | None, after: Transfer, effect: Effect, line: MoveRow, steps: Sequence[Step]) -> None:
    connection = TransferRow._get_connection().connection  # noqa: SLF001 - the shared client, see stores.table
    with TransactWrite(connection=connection) as transaction:
        if seen is None:
            as_seen = TransferRow.id.does_not_exist()
        else:
            moves = TransferRow.moves == seen.moves
            # Rows from before the log of moves have no such number; they succeeded, and have made one move.
            if seen.moves == 1:
                moves = moves | TransferRow.moves.does_not_exist()
            as_seen = (TransferRow.status == seen.status.name.lower()) & moves
        transaction.save(to_row(after), condition=as_seen)
        transaction.save(line, condition=MoveRow.id.does_not_exist())
        if effect is not Effect.NONE:
            actions, condition = accounts.transfer_write(effect, after.id, after.asset, after.amount)
            transaction.update(accounts.empty(after.uid), actions=actions, condition=condition)
        for step in steps:
            step(transaction)


def _took_effect(line: MoveRow) -> bool:
    """Whether this very move is on the log: then its transaction was written, although nobody said so."""
    try:
        return MoveRow.get(line.id, line.number, consistent_read=True).use == line.use
    except MoveRow.DoesNotExist:
        return False


def _passing(error: TransactWriteError) -> bool:
    """Whether a transaction was cancelled for what passes by itself, so that no condition of it was refused for good."""
    reasons = getattr(error.cause, "cancellation_reasons", ())  # PynamoDB's own property breaks on a time-out
    return any(reason and reason.code in PASSING for reason in reasons)


def _explain(after: Transfer, effect: Effect, error: TransactWriteError) -> None:
    """Raise what the account itself has against the move, if it has."""
    if effect is Effect.NONE:
        return
    account = accounts.get(after.uid)
    if account is None:
        raise NoAccount(after.uid) from error
    if effect is Effect.HOLD and account.blocked:
        raise accounts.Blocked from error
    if effect in {Effect.HOLD, Effect.TAKE} and account.available.get(after.asset, 0) < after.amount:
        raise accounts.Short(account) from error


def _page(found: Iterable[TransferRow], limit: int) -> Page[Transfer]:
    rows = [to_transfer(row) for row in found]
    return Page(rows[:limit], more=len(rows) > limit)
