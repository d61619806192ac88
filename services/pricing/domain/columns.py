"""Prices of columns of use: exact, in whole arrays.

Thousands of requests are of a few kinds, and those of a kind have few different prices. So each quantity is a column,
and a column is multiplied at once. Arrays hold 64 bits: whatever might not fit, and whatever else is out of the
ordinary, is left to whoever prices events one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.common.dimensions import BUCKETS
from services.common.money import MAX_INT64, UNITS_PER_MILLION, Picos
from services.pricing.domain.forms import Form, Priced
from services.pricing.domain.plans import Plan, Schedule
from services.pricing.domain.prices import INPUT_BUCKETS
from services.pricing.domain.rating import Kind, Pricer

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Columns = Mapping[str, Ints]
"""By bucket, a number for each row. A bucket that no row uses may be left out."""

_SUMMABLE = MAX_INT64 // len(BUCKETS)
"""So much of each bucket adds up to 64 bits."""


class Cohort(NamedTuple):
    """Rows for which the same prices hold."""

    plan: Plan
    level: int
    rows: Ints


@dataclass(frozen=True, slots=True)
class Alike:
    """Rows that use the same buckets at the same prices, and what each costs in picodollars."""

    form: Form
    rows: Ints
    """Which they are. All else is in their order."""
    costs: Ints
    quantities: Sequence[Ints]
    """Of each line."""
    amounts: Sequence[Ints]
    """Of each line."""
    shadow: Ints | None = None
    """What buckets without a price count as; None where all have one."""
    listed: Ints | None = None
    """At list prices, where those differ."""
    contracted: Ints | None = None
    """At contracted prices, where those differ."""

    @property
    def plain(self) -> bool:
        """There is but one view of what these cost."""
        return not self.form.prepaid and self.shadow is self.listed is self.contracted is None

    @property
    def billed(self) -> Ints:
        """What the invoice says for each."""
        return np.zeros_like(self.costs) if self.form.prepaid else self.costs

    def priced(self) -> Iterator[Priced]:
        """Each row as `Pricer.price` tells it."""
        costs, prepaid = self.costs.tolist(), self.form.prepaid
        rows = zip(
            costs, _row_by_row(self.quantities, len(costs)), _row_by_row(self.amounts, len(costs)),
            _listed(self.shadow, costs), _listed(self.listed, costs), _listed(self.contracted, costs),
            strict=True,
        )  # fmt: skip
        for cost, quantities, each, shadow, listed, contracted in rows:
            yield Priced(
                cost, self.form, quantities, each, 0 if self.shadow is None else shadow, "",
                None if listed == cost else listed, None if contracted == cost else contracted,
                0 if prepaid and cost else None,
            )  # fmt: skip


class PricedColumns(NamedTuple):
    """Each row in one place: among those like it, or left."""

    alike: Sequence[Alike]
    left: Ints
    """Rows to price one by one, rising."""


def price_columns(pricer: Pricer, tenant_id: str, kind: Kind, times: Ints, quantities: Columns) -> PricedColumns:
    """What `Pricer.price` answers for events of one kind that were answered and are not billed by themselves.

    Args:
        pricer: whose prices count.
        tenant_id: whose contracts count.
        kind: provider, model, service tier, batch, region.
        times: of each row, microseconds since the epoch.
        quantities: of each row.
    """
    rows = len(times)
    left = np.ones(rows, dtype=np.bool_)
    alike: list[Alike] = []
    used = {bucket: column for bucket in BUCKETS if (column := quantities.get(bucket)) is not None and column.any()}
    uses = _uses(used, rows)
    for plan, level, places in priced_alike(pricer.schedule(tenant_id, *kind), times, used) if rows else ():
        for members, buckets in _by_buckets(used, uses, places):
            form = plan.forms.get((level, buckets)) or pricer.form(plan, level, buckets)
            try:
                found = _multiplied(pricer, form, members, {bucket: used[bucket][members] for bucket in buckets})
            except OverflowError:
                continue
            alike.append(found)
            left[members] = False
    return PricedColumns(alike, np.flatnonzero(left))


def priced_alike(schedule: Schedule, times: Ints, quantities: Columns) -> Iterator[Cohort]:
    """Rows of one kind of request by their prices. Rows out of the ordinary are left out: negative quantities, seats,
    and many requests in one whose price depends on their length.

    Args:
        schedule: the kind's prices.
        times: of each row.
        quantities: of each row.
    """
    ordinary = _ordinary(quantities, len(times))
    for plan, places in schedule.over_all(times):
        rows = places[ordinary[places]]
        if not plan.cliffs:
            if len(rows):
                yield Cohort(plan, 0, rows)
            continue
        rows = rows[_single({bucket: column[rows] for bucket, column in quantities.items()}, len(rows))]
        length = _total([quantities[bucket][rows] for bucket in INPUT_BUCKETS if bucket in quantities], len(rows))
        levels = np.searchsorted(np.array(plan.cliffs, dtype=np.int64), length)
        for level in np.flatnonzero(np.bincount(levels)):
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


def _ordinary(quantities: Columns, rows: int) -> Bools:
    ordinary = np.ones(rows, dtype=np.bool_)
    for bucket, column in quantities.items():
        # The price of a seat is that of its day, and perhaps of the event alone.
        ordinary &= column == 0 if bucket == "seats" else column >= 0
    return ordinary


def _single(quantities: Columns, rows: int) -> Bools:
    """Rows whose input tells how long the request was."""
    single = np.ones(rows, dtype=np.bool_)
    for bucket, column in quantities.items():
        single &= column <= (1 if bucket == "requests" else _SUMMABLE)
    return single


def _uses(used: Columns, rows: int) -> Ints:
    """Of each row which buckets it uses, the first as the lowest bit."""
    uses = np.zeros(rows, dtype=np.int64)
    for place, column in enumerate(used.values()):
        uses |= (column != 0).astype(np.int64) << place
    return uses


def _by_buckets(used: Columns, uses: Ints, rows: Ints) -> Iterator[tuple[Ints, tuple[str, ...]]]:
    """Of these rows those that use the same buckets, and which."""
    own = uses[rows]
    for use in np.flatnonzero(np.bincount(own)).tolist():
        yield rows[own == use], tuple(compress(used, (use >> place & 1 for place in range(len(used)))))


def _multiplied(pricer: Pricer, form: Form, rows: Ints, quantities: Columns) -> Alike:
    """What rows of one form cost. Raises OverflowError: an amount may pass 64 bits."""
    lines = [quantities[bucket] for bucket in compress(BUCKETS, form.lines)]
    each = _at(lines, form.prices)
    without = [quantities[bucket] for bucket in form.unpriced]
    shadow = _at(without, [pricer.shadow_price(bucket) for bucket in form.unpriced])
    return Alike(
        form,
        rows,
        _total(each, len(rows)),
        lines,
        each,
        _total(shadow, len(rows)) if form.unpriced else None,
        None if form.listed is None else _total(_at(lines, form.listed), len(rows)),
        None if form.contracted is None else _total(_at(lines, form.contracted), len(rows)),
    )


def _at(lines: Sequence[Ints], prices: Sequence[Picos]) -> list[Ints]:
    """What each line costs. Raises OverflowError: one of them, or their sum, may pass 64 bits."""
    each = [amounts(line, price) for line, price in zip(lines, prices, strict=True)]
    known = [amount for amount in each if amount is not None]
    if len(known) < len(each) or sum(int(amount.max()) for amount in known) > MAX_INT64:
        raise OverflowError
    return known


def _total(amounts: Sequence[Ints], rows: int) -> Ints:
    if not amounts:
        return np.zeros(rows, dtype=np.int64)
    total = amounts[0] if len(amounts) == 1 else amounts[0] + amounts[1]
    for more in amounts[2:]:
        total += more
    return total


def _row_by_row(columns: Sequence[Ints], rows: int) -> Sequence[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True)) if columns else [()] * rows


def _listed(column: Ints | None, otherwise: list[int]) -> list[int]:
    return otherwise if column is None else column.tolist()
