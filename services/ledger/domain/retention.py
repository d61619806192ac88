"""How long rows are kept, and from when on a table still has all of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from services.common.clock import DAY, Micros


class Told(NamedTuple):
    """From `at` on a table was to keep its rows for so many days; 0: for ever."""

    days: int
    at: Micros


def complete_from(history: Iterable[Told], now: Micros) -> Micros:
    """The moment from which on a table has all rows it was ever given; 0 where none ever expired.

    Rows that expired while less was kept do not come back when more is kept again.
    """
    told = sorted(history, key=lambda each: each.at)
    spans = pairwise([*told, Told(0, now)])
    return max((following.at - each.days * DAY for each, following in spans if each.days), default=0)
