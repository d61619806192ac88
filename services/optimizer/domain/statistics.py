"""Uncertainty of savings, by simulation. A seed depends on the subject alone: the same history, the same figures.

Amounts are whole microdollars in 64 bits here (estimates need no finer grain), and their sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.common.money import Picos
from services.optimizer.domain.drafts import Saving

MONTH_DAYS = 30
BLOCK_DAYS = 7
"""A block keeps a week's rhythm whole."""

SAMPLES = 2_000
_PICOS_PER_MICRODOLLAR = 10**6


def microdollars(picos: Sequence[Picos]) -> NDArray[np.int64]:
    """Rounded down."""
    return np.array([amount // _PICOS_PER_MICRODOLLAR for amount in picos], dtype=np.int64)


def bootstrap(daily: Sequence[Picos], seed: int) -> Saving:
    """A month's saving, from the savings of past days.

    Moving-block bootstrap (Kunsch 1989): months are drawn as weeks that lie anywhere in the history, so that days
    within a week keep their dependence.

    Args:
        daily: consecutive days, oldest first; at least one.
        seed: of the draws.
    """
    values = microdollars(daily)
    block = min(BLOCK_DAYS, len(values))
    blocks = -(-MONTH_DAYS // block)
    starts = np.random.default_rng(seed).integers(0, len(values) - block + 1, (SAMPLES, blocks))
    days = (starts[:, :, None] + np.arange(block)).reshape(SAMPLES, -1)[:, :MONTH_DAYS]
    return of_samples(values[days].sum(axis=1))


def idle_months(monthly_prices: Sequence[Picos], idle_days: Sequence[float], seed: int) -> Saving:
    """What returning idle seats saves in a month, if each user who comes back gets a seat again on that day.

    What has been idle for d days stays idle for more than t more with probability d / (d + t) (Gott's delta-t argument,
    Nature 363, 1993: no moment within an idle spell is special). Drawn by inverting it: t = d (1/u - 1), u uniform.

    Args:
        monthly_prices: of each seat.
        idle_days: of each seat, above zero.
        seed: of the draws.
    """
    uniform = 1.0 - np.random.default_rng(seed).random((SAMPLES, len(idle_days)))
    spells = np.asarray(idle_days) * (1.0 / uniform - 1.0)
    saved_days = np.floor(np.minimum(spells, MONTH_DAYS)).astype(np.int64)
    daily = microdollars(monthly_prices) // MONTH_DAYS
    return of_samples((saved_days * daily).sum(axis=1))


def of_samples(months: NDArray[np.int64]) -> Saving:
    """Percentiles (those of the inverted distribution function, so that each is a value that was drawn)."""
    ordered = np.sort(months)
    low, median, high = (int(ordered[-(-len(ordered) * percent // 100) - 1]) for percent in (10, 50, 90))
    return Saving(
        low=low * _PICOS_PER_MICRODOLLAR,
        median=median * _PICOS_PER_MICRODOLLAR,
        high=high * _PICOS_PER_MICRODOLLAR,
        likely=float(np.count_nonzero(2 * ordered >= median)) / len(ordered),
    )
