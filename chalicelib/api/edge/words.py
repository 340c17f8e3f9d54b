"""What a dialect calls things: tables read both ways, markets and currencies as people write them, numbers as JSON has them."""

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final, Generic, TypeVar

from chalicelib import settings
from chalicelib.core.markets import Market
from chalicelib.core.money import to_decimal
from chalicelib.core.reasons import Reason, Refused

Ours = TypeVar("Ours")
Word = TypeVar("Word", str, int)

_TENTH: Final = Decimal("0.0")
#: Digits of a ratio, as many as the document's samples have.
_RATIO: Final = Context(prec=16)


class UnknownWordError(ValueError):
    """A word that its table does not have."""


class Words(Generic[Ours, Word]):
    """A table from our values to the dialect's words; the way back is derived from it, so the two cannot disagree."""

    def __init__(self, noun: str, table: Mapping[Ours, Word]) -> None:
        """`noun` is what an error calls the words of this table."""
        self._noun = noun
        self._words: dict[Ours, Word] = dict(table)
        self._values = {str(word): ours for ours, word in table.items()}
        assert len(self._values) == len(self._words), f"two values of {noun} share a word"

    def say(self, value: Ours) -> Word:
        """The dialect's word for a value of ours. A value without one is our mistake."""
        return self._words[value]

    def hear(self, word: str, parameter: str) -> Ours:
        """The value that a caller's word means; `Refused` names the parameter, and its cause the word."""
        try:
            return self._values[word]
        except KeyError:
            unknown = UnknownWordError(f"{word!r} is no {self._noun}; known are {', '.join(self._values)}")
            raise Refused(Reason.PARAMETER_INVALID, parameter) from unknown


def market(name: str) -> Market:
    """The market that a caller means, in any case or by alias; `Refused` repeats an unknown name."""
    found = settings.exchange().market(name)
    if found is None:
        raise Refused(Reason.NO_SUCH_MARKET, name)
    return found


def currency(name: str) -> str:
    """The id of the currency that a caller means, in any case or by alias; `Refused` repeats an unknown name."""
    # ASCII only: upper-casing turns the long s of "BTſX" into the S of another name.
    found = settings.exchange().asset(name) if name.isascii() else None
    if found is None:
        raise Refused(Reason.NO_SUCH_CURRENCY, name)
    return found.id


def number(units: int) -> Decimal:
    """1e-8 units as the documents write prices and amounts: exact, and whole ones as ``1395.0``."""
    return _with_point(to_decimal(units))


def ratio(part: int, whole: int) -> Decimal:
    """`part` of `whole` as a fraction, 0.0 when there is no whole."""
    return _with_point(_RATIO.divide(Decimal(part), Decimal(whole)) if whole else Decimal(0))


def _with_point(value: Decimal) -> Decimal:
    """Whole numbers get their decimal point, so that a typed client sees one type throughout."""
    return value if value % 1 else value.quantize(_TENTH)
