"""What identifies the spend that is counted."""

from __future__ import annotations

import hashlib
import json

from services.budget.domain.periods import Period
from services.budget.domain.terms import Calendar, RollingUnit, Terms


def scope_hash(terms: Terms, effective_filter: str) -> str:
    """Equal where the same spend is summed over the same accounting windows; amounts and thresholds do not matter.

    Args:
        terms: the budget's own.
        effective_filter: its filter and those of its ancestors (see `family.effective_filter`).
    """
    scope = [effective_filter, terms.per, terms.period.name, *_layout(terms)]
    return hashlib.blake2b(json.dumps(scope).encode(), digest_size=8).hexdigest()


def _layout(terms: Terms) -> list[str | int]:
    """What says where the accounting windows lie."""
    zone = terms.time_zone
    if terms.period is Period.CUSTOM and terms.custom_range is not None:
        return [zone, terms.custom_range.first_day.isoformat(), terms.custom_range.last_day.isoformat()]
    if terms.period is Period.ROLLING and terms.rolling_window is not None:
        # Hours are the same in every zone; how many of them are added up changes none of them.
        unit = terms.rolling_window.unit
        return [unit.name] if unit is RollingUnit.HOUR else [unit.name, zone]
    return [zone, *_calendar_layout(terms.period, terms.calendar)]


def _calendar_layout(period: Period, calendar: Calendar) -> list[int]:
    match period:
        case Period.DAY:
            return []
        case Period.WEEK:
            return [calendar.week_start]
    month, day = calendar.year_start_month, calendar.year_start_day
    if calendar.week_pattern is not None:
        pattern = [] if period is Period.YEAR else [int(calendar.week_pattern)]
        return [month, day, calendar.week_start, *pattern]
    match period:
        case Period.MONTH:
            return [day]
        case Period.QUARTER:
            return [month % 3, day]
    return [month, day]
