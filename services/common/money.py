"""Money as an exact integer of picodollars (1e-12 US dollars)."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

from finops.cost.v1.cost_pb2 import Money

Picos = int
"""An amount in picodollars."""

PICOS_PER_DOLLAR: Picos = 10**12
UNITS_PER_MILLION = 10**6
MAX_INT64 = 2**63 - 1

# The default context rounds to 28 digits; ClickHouse's Decimal(38, 12) has 38.
_EXACT = Context(prec=76)


def round_half_even(value: Fraction) -> int:
    """Nearest integer, ties to even (IEEE 754 roundTiesToEven): `Fraction(5, 2)` gives 2."""
    return round(value)


def cost_of(quantity: int, price_picos_per_million: Picos) -> Picos:
    """Picodollars for `quantity` units at a price for a million of them, rounded half to even."""
    whole, rest = divmod(quantity * price_picos_per_million, UNITS_PER_MILLION)
    if 2 * rest > UNITS_PER_MILLION or (2 * rest == UNITS_PER_MILLION and whole % 2):
        return whole + 1
    return whole


def parse_dollars(text: str | Decimal | int) -> Picos:
    """Picodollars from a decimal amount of dollars.

    Raises:
        ValueError: not a finite decimal, or finer than a picodollar.
    """
    try:
        amount = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"{text!r} is not a decimal amount of dollars") from None
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not a finite amount")
    if amount and (amount.adjusted() > 18 or amount.adjusted() < -12):
        raise ValueError(f"{text!r} is out of range: from a picodollar up to 10^18 dollars")
    scaled = Fraction(amount) * PICOS_PER_DOLLAR
    if scaled.denominator != 1:
        raise ValueError(f"{text!r} is finer than a picodollar (12 decimals)")
    return scaled.numerator


def format_dollars(picos: Picos) -> str:
    """Decimal dollars with all 12 decimals: 12345678901 gives "0.012345678901"."""
    whole, rest = divmod(abs(picos), PICOS_PER_DOLLAR)
    return f"{'-' if picos < 0 else ''}{whole}.{rest:012d}"


def to_decimal(picos: Picos) -> Decimal:
    """Exact dollars as a Decimal with 12 places, as ClickHouse's Decimal(38, 12) holds them."""
    return Decimal(picos).scaleb(-12, _EXACT)


def from_decimal(dollars: Decimal) -> Picos:
    """Picodollars from an exact Decimal of at most 12 places."""
    return int(dollars.scaleb(12, _EXACT))


def to_proto(picos: Picos) -> Money:
    """US dollars as `finops.cost.v1.Money`."""
    message = Money()
    put(message, picos)
    return message


def put(message: Money, picos: Picos) -> None:
    """Makes an empty message say so many US dollars."""
    message.currency_code = "USD"
    if picos > 0:
        message.units, message.picos = divmod(picos, PICOS_PER_DOLLAR)
    elif picos < 0:
        units, rest = divmod(-picos, PICOS_PER_DOLLAR)
        message.units, message.picos = -units, -rest


def from_proto(money: Money) -> Picos:
    """Picodollars from `finops.cost.v1.Money`.

    Raises:
        ValueError: a currency other than US dollars, or units and picos that disagree in sign or range.
    """
    if money.currency_code not in ("", "USD"):
        raise ValueError(f"currency {money.currency_code!r} is not supported: use USD")
    if abs(money.picos) >= PICOS_PER_DOLLAR:
        raise ValueError("picos must lie between -999999999999 and 999999999999")
    if money.units * money.picos < 0:
        raise ValueError("units and picos must have the same sign")
    return money.units * PICOS_PER_DOLLAR + money.picos
