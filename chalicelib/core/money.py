"""Amounts, prices and rates are integers; this module is the one home of rounding.

Units, used by every other module under these names:

- amount: 1e-8 of one unit of an asset
- price: 1e-8 quote per whole base
- quote (of a fill), notional (of an order): 1e-8 of one unit of the quote asset
- rate: 1e-8 per unit, so 0.1 % is 100 000
"""

from decimal import Decimal

SCALE = 100_000_000
DECIMALS = 8
#: Largest amount or notional that one order may name, in whole units. With 1e-8 units it stays below 2**63.
UNITS_MAX = 10_000_000_000


class Imprecise(ValueError):  # noqa: N818 - says what is the case
    """A decimal number that has more decimals than its unit allows, or is no finite number."""


def quote_of_fill(price: int, amount: int) -> int:
    """Quote that changes hands in a fill: rounded down, once, for both sides alike, so nothing is made or lost."""
    return price * amount // SCALE


def hold_of_buy(price: int, amount: int) -> int:
    """Quote that an open buy order keeps frozen: rounded up, so that no sequence of fills can ask for more.

    Subadditivity is what makes this safe: ``hold(p, a + b) - hold(p, b) >= quote_of_fill(p, a)``.
    """
    return -(-price * amount // SCALE)


def fee_on(received: int, rate: int) -> int:
    """Fee taken out of what a side receives: rounded up, for the house. Never more than what is received for rate <= 1."""
    return -(-received * rate // SCALE)


def floor_to(numerator: int, denominator: int, step: int) -> int:
    """A quotient in whole `step`s, rounded down: what somebody receives, so that the house never pays what it has not got."""
    return numerator // (denominator * step) * step


def ceil_to(numerator: int, denominator: int, step: int) -> int:
    """A quotient in whole `step`s, rounded up: what the house receives."""
    return -(-numerator // (denominator * step)) * step


def from_decimal(value: Decimal | int, decimals: int = DECIMALS) -> int:
    """Whole units as written by a person to 1e-8 units, exactly.

    Raises `Imprecise` for NaN, infinity, more than `decimals` decimals, or a magnitude beyond any real amount
    (so that ``1e999999`` costs nothing).
    """
    number = Decimal(value)
    if not number.is_finite() or number.adjusted() > 20:
        raise Imprecise(value)
    if number == 0:
        return 0
    if number.adjusted() < -DECIMALS or len(number.as_tuple().digits) > 60:
        raise Imprecise(value)
    numerator, denominator = number.as_integer_ratio()
    unit: int = 10**decimals
    scaled, rest = divmod(numerator * unit, denominator)
    if rest:
        raise Imprecise(value)
    return scaled * (SCALE // unit)


def to_decimal(value: int) -> Decimal:
    """1e-8 units to whole units: exact, without trailing zeros, and without an exponent for whole numbers."""
    sign, magnitude = ("-", -value) if value < 0 else ("", value)
    whole, fraction = divmod(magnitude, SCALE)
    if not fraction:
        return Decimal(f"{sign}{whole}")
    return Decimal(f"{sign}{whole}.{fraction:08d}".rstrip("0"))
