"""Figures as people read them. The exact amount is always at hand beside the short one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from services.common.clock import DAY, HOUR, MINUTE, Micros, to_datetime
from services.common.money import PICOS_PER_DOLLAR, Picos, format_dollars

_CENT = PICOS_PER_DOLLAR // 100


def dollars(picos: Picos) -> str:
    """$1,234.56; below a cent the first two digits that say something: $0.0042."""
    sign, amount = ("-" if picos < 0 else ""), abs(picos)
    if 0 < amount < _CENT:
        text = format_dollars(amount)
        first = next(i for i, digit in enumerate(text) if digit not in "0.")
        return f"{sign}${text[: max(first + 2, 6)].rstrip('0')}"
    cents = (amount + _CENT // 2) // _CENT
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def dollars_short(picos: Picos) -> str:
    """For where room is scarce: $1.2M, $45.3k, $678, $9.12."""
    sign, amount = ("-" if picos < 0 else ""), abs(picos) / PICOS_PER_DOLLAR
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if amount >= size:
            return f"{sign}${amount / (1e3 if unit == 'k' else size):,.1f}{unit}"
    return f"{sign}${amount:,.0f}" if amount >= 100 else dollars(picos)


def dollars_exact(picos: Picos) -> str:
    """Every digit that is not a trailing zero, at least the cents: $1,234.560000000001."""
    whole, _, decimals = format_dollars(abs(picos)).partition(".")
    return f"{'-' if picos < 0 else ''}${int(whole):,}.{decimals.rstrip('0').ljust(2, '0')}"


def dollars_float(picos: Picos) -> float:
    """For a chart's axis, and for nothing that is added up."""
    return picos / PICOS_PER_DOLLAR


def count(number: int) -> str:
    """1,234 up to 9,999; then 12.3k, 4.5M, 6.7B."""
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if abs(number) >= size and abs(number) >= 10_000:
            return f"{number / size:,.1f}{unit}"
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """1 event, 2 events."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def percent(ratio: float) -> str:
    """0.256 as 26%; small ones with a decimal."""
    value = ratio * 100
    return f"{value:.1f}%" if 0 < abs(value) < 9.95 else f"{value:,.0f}%"


def change(ratio: float | None) -> str:
    """+12%, -3.4%, and `new` where there was nothing before."""
    if ratio is None:
        return "new"
    if abs(ratio) >= 9.995:
        return f"×{ratio + 1:,.0f}" if ratio > 0 else percent(ratio)
    return f"{'+' if ratio > 0 else '−' if ratio < 0 else ''}{percent(abs(ratio))}"


def moment(micros: Micros, tz: ZoneInfo) -> str:
    """23 Nov 2026, 14:05."""
    return f"{day(micros, tz)}, {_local(micros, tz):%H:%M}"


def day(micros: Micros, tz: ZoneInfo) -> str:
    """23 Nov 2026."""
    local = _local(micros, tz)
    return f"{local.day} {local:%b %Y}"


def short_day(micros: Micros, tz: ZoneInfo) -> str:
    """23 Nov."""
    local = _local(micros, tz)
    return f"{local.day} {local:%b}"


def ago(micros: Micros, now: Micros) -> str:
    """just now, 5 min ago, 3 h ago, 2 days ago."""
    passed = now - micros
    if passed < MINUTE:
        return "just now"
    if passed < HOUR:
        return f"{passed // MINUTE} min ago"
    if passed < DAY:
        return f"{passed // HOUR} h ago"
    days = passed // DAY
    return f"{days} day{'s' if days > 1 else ''} ago"


def span(micros: Micros) -> str:
    """45 min, 3 h, 2 days."""
    if micros < HOUR:
        return f"{max(1, micros // MINUTE)} min"
    if micros < 2 * DAY:
        return f"{micros // HOUR} h"
    return f"{micros // DAY} days"


def _local(micros: Micros, tz: ZoneInfo) -> datetime:
    return to_datetime(micros).astimezone(tz)


def clock_time(micros: Micros, tz: ZoneInfo) -> str:
    """14:05."""
    return f"{_local(micros, tz):%H:%M}"


def month(micros: Micros, tz: ZoneInfo) -> str:
    """Nov 2026."""
    return f"{_local(micros, tz):%b %Y}"
