"""The life of a deposit or withdrawal, as a table: which move leads from where to where, and what it does to money.

The document numbers the states (coinport v2, 充值提现状态码). A transfer's way depends on its kind and on its rail, which
says who carries it out. What is not in `MOVES` cannot happen. Rows marked "odd" are what the world does besides the plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

#: A person's withdrawals of this long count together when it is decided whether an operator has to look.
ALLOWANCE_MS: Final = 24 * 3600 * 1000


class Kind(StrEnum):
    """Which way the money goes."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class Rail(StrEnum):
    """Who carries a transfer out: a block chain, operators by hand, or the fiat ramp's orders."""

    CHAIN = "chain"
    OPERATOR = "operator"
    RAMP = "ramp"


class Status(IntEnum):
    """Where a transfer is, by the document's code. It has 12 to 17 for errors of the system; we need one."""

    PENDING = 0
    ACCEPTED = 1
    CONFIRMING = 2
    CONFIRMED = 3
    SUCCEEDED = 4
    FAILED = 5
    REORGANIZING = 6
    REORGANIZED = 7
    CANCELLED = 8
    REJECTED = 9
    HOT_WALLET_SHORT = 10
    PROCESSING = 11
    ERROR = 12


class Effect(StrEnum):
    """What a move does to the account, in the same write."""

    NONE = "none"
    #: A deposit arrives: available grows.
    CREDIT = "credit"
    #: A withdrawal is asked for: available → pending.
    HOLD = "hold"
    #: It will not be: pending → available.
    REFUND = "refund"
    #: It has left the exchange: pending shrinks.
    PAY = "pay"
    #: The chain took a credited deposit back: the account may neither withdraw nor place orders. Balances stay as they are, for
    #: the money may be spent by now, and nothing goes negative.
    BLOCK = "block"
    #: It is there again: the account is free.
    UNBLOCK = "unblock"
    #: It is gone for good: available shrinks (only if it covers that), and the account is free.
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class From:
    """Where a move starts. `status` is None before the transfer exists; `credited`: a deposit's money is in the account."""

    kind: Kind
    rail: Rail
    status: Status | None
    credited: bool = False


_S: Final = Status
_NONE, _REFUND, _PAY = Effect.NONE, Effect.REFUND, Effect.PAY


def _of(
    kind: Kind, rail: Rail, rows: Mapping[Status | None, Mapping[Status, Effect]]
) -> dict[From, dict[Status, Effect]]:
    """One life cycle. A deposit that has succeeded is credited, and only such a one."""
    return {
        From(kind, rail, status, credited=kind is Kind.DEPOSIT and status is _S.SUCCEEDED): dict(moves)
        for status, moves in rows.items()
    }


MOVES: Final[Mapping[From, Mapping[Status, Effect]]] = {
    **_of(
        Kind.DEPOSIT,
        Rail.CHAIN,
        {
            # An operator may vouch for a deposit that nobody followed: then it begins at its end.
            None: {_S.CONFIRMING: _NONE, _S.SUCCEEDED: Effect.CREDIT},
            # Odd: 6, its block was replaced; 5, it vanished; 4 at once, an operator vouches for it; 9, an operator refuses it.
            _S.CONFIRMING: {
                _S.CONFIRMED: _NONE,
                _S.SUCCEEDED: Effect.CREDIT,
                _S.REORGANIZING: _NONE,
                _S.FAILED: _NONE,
                _S.REJECTED: _NONE,
            },
            _S.CONFIRMED: {
                _S.SUCCEEDED: Effect.CREDIT,
                _S.REORGANIZING: _NONE,  # odd
                _S.FAILED: _NONE,  # odd
                _S.REJECTED: _NONE,  # odd
            },
            _S.REORGANIZING: {_S.REORGANIZED: _NONE, _S.FAILED: _NONE, _S.REJECTED: _NONE},
            _S.REORGANIZED: {
                _S.CONFIRMING: _NONE,
                _S.CONFIRMED: _NONE,
                _S.SUCCEEDED: Effect.CREDIT,
                _S.REORGANIZING: _NONE,  # odd: once more
                _S.FAILED: _NONE,
                _S.REJECTED: _NONE,
            },
            # Odd: what had vanished is in a block again, after all.
            _S.FAILED: {_S.CONFIRMING: _NONE},
            # Odd: its block is replaced after it was credited.
            _S.SUCCEEDED: {_S.REORGANIZING: Effect.BLOCK},
        },
    ),
    # Odd: the same after it was credited. It is never credited again, and the account stays blocked until it is over.
    From(Kind.DEPOSIT, Rail.CHAIN, _S.REORGANIZING, credited=True): {
        _S.REORGANIZED: _NONE,
        _S.SUCCEEDED: Effect.UNBLOCK,
        _S.FAILED: Effect.TAKE,
    },
    From(Kind.DEPOSIT, Rail.CHAIN, _S.REORGANIZED, credited=True): {
        _S.REORGANIZING: _NONE,
        _S.SUCCEEDED: Effect.UNBLOCK,
        _S.FAILED: Effect.TAKE,
    },
    **_of(Kind.DEPOSIT, Rail.OPERATOR, {None: {_S.SUCCEEDED: Effect.CREDIT}}),
    **_of(Kind.DEPOSIT, Rail.RAMP, {None: {_S.SUCCEEDED: Effect.CREDIT}}),
    **_of(
        Kind.WITHDRAWAL,
        Rail.CHAIN,
        {
            None: {_S.PENDING: Effect.HOLD},
            _S.PENDING: {_S.ACCEPTED: _NONE, _S.CANCELLED: _REFUND, _S.REJECTED: _REFUND},
            # Odd: 4 at once, an operator paid a coin that has no node; 9, refused before it was sent.
            _S.ACCEPTED: {
                _S.CONFIRMING: _NONE,
                _S.HOT_WALLET_SHORT: _NONE,
                _S.REJECTED: _REFUND,
                _S.SUCCEEDED: _PAY,
                _S.ERROR: _NONE,
            },
            _S.HOT_WALLET_SHORT: {_S.ACCEPTED: _NONE, _S.REJECTED: _REFUND, _S.SUCCEEDED: _PAY, _S.ERROR: _NONE},
            _S.CONFIRMING: {
                _S.CONFIRMED: _NONE,
                _S.REORGANIZING: _NONE,  # odd
                _S.FAILED: _REFUND,  # odd: another transaction spent its inputs, so it can never arrive
                _S.ERROR: _NONE,  # odd
            },
            _S.CONFIRMED: {_S.SUCCEEDED: _PAY, _S.REORGANIZING: _NONE, _S.ERROR: _NONE},
            _S.REORGANIZING: {_S.REORGANIZED: _NONE, _S.FAILED: _REFUND, _S.ERROR: _NONE},
            _S.REORGANIZED: {
                _S.CONFIRMING: _NONE,
                _S.CONFIRMED: _NONE,
                _S.REORGANIZING: _NONE,
                _S.FAILED: _REFUND,
                _S.ERROR: _NONE,
            },
            # Odd: something went wrong that needs eyes. The money stays held until an operator knows what happened.
            _S.ERROR: {
                _S.ACCEPTED: _NONE,
                _S.CONFIRMING: _NONE,
                _S.SUCCEEDED: _PAY,
                _S.FAILED: _REFUND,
                _S.REJECTED: _REFUND,
            },
        },
    ),
    **_of(
        Kind.WITHDRAWAL,
        Rail.OPERATOR,
        {
            None: {_S.PENDING: Effect.HOLD},
            _S.PENDING: {_S.PROCESSING: _NONE, _S.CANCELLED: _REFUND, _S.REJECTED: _REFUND},
            # Odd: 9, the operator thought better of it; 5, the bank sent it back.
            _S.PROCESSING: {_S.SUCCEEDED: _PAY, _S.REJECTED: _REFUND, _S.FAILED: _REFUND},
        },
    ),
    # A sale of coins for fiat money: the ramp's order decides, so that nobody else can cancel or approve it.
    **_of(
        Kind.WITHDRAWAL,
        Rail.RAMP,
        {
            None: {_S.PENDING: Effect.HOLD},
            _S.PENDING: {_S.PROCESSING: _NONE, _S.SUCCEEDED: _PAY, _S.REJECTED: _REFUND},
            _S.PROCESSING: {_S.SUCCEEDED: _PAY, _S.REJECTED: _REFUND},
        },
    ),
}

#: What a withdrawal is when its money is back with its owner. A failed deposit never had any, or gave it back.
REFUNDED: Final = frozenset({Status.FAILED, Status.CANCELLED, Status.REJECTED})
#: Where a transfer rests, as far as anyone plans.
FINAL: Final = REFUNDED | {Status.SUCCEEDED}


class Impossible(Exception):  # noqa: N818 - says what is the case
    """The table has no such move."""


def effect_of(start: From, to: Status) -> Effect:
    """What a move does to money. Raises `Impossible` if there is no such move.

    A transfer that is under way may also stay where it is, so that something can be noted about it.
    """
    if to == start.status and to not in FINAL:
        return Effect.NONE
    try:
        return MOVES[start][to]
    except KeyError:
        raise Impossible(start, to) from None


def credited_after(start: From, effect: Effect) -> bool:
    """Whether a deposit's money is in the account after a move."""
    return effect is Effect.CREDIT or (start.credited and effect is not Effect.TAKE)


def holds(kind: Kind, status: Status) -> bool:
    """Whether a transfer in this state holds its amount in its owner's pending balance."""
    return kind is Kind.WITHDRAWAL and status not in FINAL
