"""Amounts, days and counts of a contract as people type them. What cannot be read raises ValueError and says what."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from services.common.clock import Micros, to_datetime, to_micros
from services.common.money import Picos, parse_dollars, to_decimal


def write_amount(picos: Picos) -> str:
    """Without needless zeros: 0.15, 500."""
    return f"{to_decimal(picos).normalize():f}" if picos else "0"


def read_day(text: str, what: str) -> Micros:
    """Midnight UTC; empty is 0.

    Raises:
        ValueError: no day.
    """
    if not text.strip():
        return 0
    try:
        return to_micros(datetime.combine(date.fromisoformat(text.strip()), time.min, tzinfo=UTC))
    except ValueError:
        raise ValueError(f"{what}: a day such as 2026-01-31") from None


def write_day(micros: Micros) -> str:
    """2026-01-31; 0 is empty."""
    return to_datetime(micros).date().isoformat() if micros else ""


def read_amount(text: str, what: str) -> Picos:
    """Trillionths of a decimal amount; empty is 0."""
    try:
        return parse_dollars(text.replace(",", "").strip() or "0")
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def read_units(text: str, what: str, times: int) -> int:
    """A count, `times` as large; empty is 0."""
    try:
        units = Decimal(text.replace(",", "").strip() or "0") * times
    except InvalidOperation:
        units = Decimal("NaN")
    if not units.is_finite() or units != units.to_integral_value():
        raise ValueError(f"{what}: {text!r} is not a whole number")
    return int(units)


def read_pairs(text: str, what: str) -> list[tuple[str, str]]:
    """`input_tokens=0.12, output_tokens=0.50` as pairs."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not (name.strip() and sign and value.strip()) for name, sign, value in pairs):
        raise ValueError(f"{what}: name=number, separated by commas; {text!r} is not so")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def write_units(count: int, times: int) -> str:
    """The count that `read_units` read."""
    return f"{(Decimal(count) / times).normalize():f}"


def read_percent(text: str) -> int:
    """In millionths: 12.5 is 125,000."""
    try:
        share = Decimal(text.strip().removesuffix("%")) * 10_000
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or share != share.to_integral_value():
        raise ValueError("percent: a number of at most four decimals, such as 12.5")
    return int(share)


def write_percent(parts_per_million: int) -> str:
    """12.5 of 125,000."""
    return f"{(Decimal(parts_per_million) / 10_000).normalize():f}"
