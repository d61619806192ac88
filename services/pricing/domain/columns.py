"""Prices of columns of use: exact, in whole arrays.

Thousands of requests are of a few kinds, and those of a kind have few different prices. So quantities are a table, and
each of its columns is multiplied at once. Arrays hold 64 bits: whatever might not fit is left to whoever prices events
one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.common.dimensions import BUCKETS
from services.common.money import MAX_INT64, UNITS_PER_MILLION, Picos
from services.pricing.domain.plans import Plan, Schedule
from services.pricing.domain.prices import INPUT_BUCKETS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_INPUT = np.array([bucket in INPUT_BUCKETS for bucket in BUCKETS])
_REQUESTS, _SEATS = BUCKETS.index("requests"), BUCKETS.index("seats")
"""The price of a seat is that of its day, and perhaps of the event alone."""
_SUMMABLE = MAX_INT64 // len(BUCKETS)
"""So much of each bucket adds up to 64 bits."""


class Cohort(NamedTuple):
    """Rows for which the same prices hold."""

    plan: Plan
    level: int
    rows: Ints


def priced_alike(schedule: Schedule, times: Ints, quantities: Ints) -> Iterator[Cohort]:
    """Rows of one kind of request by their prices. Rows out of the ordinary are left out: negative quantities, seats,
    and many requests in one whose price depends on their length.

    Args:
        schedule: the kind's prices.
        times: of each row.
        quantities: a row for each event, a column for each of BUCKETS.
    """
    ordinary = (quantities.min(axis=1) >= 0) & (quantities[:, _SEATS] == 0)
    single = (quantities[:, _REQUESTS] <= 1) & (quantities.max(axis=1) <= _SUMMABLE)
    for plan, places in schedule.over_all(times):
        rows = places[ordinary[places] & (single[places] if plan.cliffs else True)]
        levels = np.searchsorted(np.array(plan.cliffs, dtype=np.int64), quantities[rows][:, _INPUT].sum(axis=1))
        for level in np.unique(levels):
            yield Cohort(plan, int(level), rows[levels == level])


def amounts(quantities: Ints, price: Picos) -> Ints | None:
    """What each quantity costs at a price for a million, as `cost_of` rounds it; None where that may pass 64 bits."""
    each, part = divmod(price, UNITS_PER_MILLION)
    most = int(quantities.max(initial=0))
    if most * (each + 1) > MAX_INT64 or most * UNITS_PER_MILLION > MAX_INT64:
        return None
    if not part:
        return quantities * each
    whole, rest = np.divmod(quantities * part, UNITS_PER_MILLION)
    whole += quantities * each
    up = (2 * rest > UNITS_PER_MILLION) | ((2 * rest == UNITS_PER_MILLION) & (whole % 2 == 1))
    rounded: Ints = whole + up
    return rounded
