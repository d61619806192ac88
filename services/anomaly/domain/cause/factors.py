"""Which factor of the cost changed: requests, mix, tokens a request or the price of a token (LMDI, Ang 2005).

The cost of a cell, such as a model, is requests x tokens a request x price of a token. Each factor's part of C1 - C0 is
L(C1, C0) ln(x1 / x0), with L(a, b) = (a - b) / ln(a / b): parts add up, whatever the order of factors. Cells with use
on one side only are booked apart. What requests changed by is then told apart in requests that moved between cells
(mix), which some gained while others lost them, and requests that were not there before.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from enum import Enum
from typing import NamedTuple

from finops.anomaly.v1.anomaly_pb2 import CausePart

from services.anomaly.domain.cause.compared import Pair, Values
from services.anomaly.domain.series import Totals

OUTPUT_WEIGHT = 5.0
"""An output token counts as so many of input, about what it costs in most price lists: else longer answers would pass
for dearer tokens."""
CACHED_WEIGHT = 0.2
"""And a token read from a cache as so much of one that is not."""
EVEN = 1e-9
"""Costs that differ by less than this share have their mean for L, which a quotient of differences would blur."""


class Factor(Enum):
    """A part of the difference."""

    REQUESTS = CausePart.FACTOR_REQUESTS
    MIX = CausePart.FACTOR_MIX
    TOKENS = CausePart.FACTOR_TOKENS_PER_REQUEST
    PRICE = CausePart.FACTOR_PRICE
    APPEARED = CausePart.FACTOR_APPEARED
    VANISHED = CausePart.FACTOR_VANISHED
    OTHER = CausePart.FACTOR_OTHER


class Change(NamedTuple):
    """One cell's part. Only a cell with use on both sides has `requests`, `tokens` and `price`."""

    whole: Factor | None
    """What all of it is booked as."""
    requests: float
    tokens: float
    price: float
    moved: float
    """Requests more than usual, or fewer."""

    @classmethod
    def booked(cls, factor: Factor, amount: float, moved: float = 0.0) -> Change:
        return cls(factor, amount, 0.0, 0.0, moved)


def decompose(cells: Mapping[Values, Pair], weeks: int, seen: Collection[Values] = ()) -> dict[Factor, float]:
    """The difference between `actual` and one usual week, in picodollars by factor.

    Args:
        cells: in a fixed order, since floats are added up.
        weeks: that `usual` adds up.
        seen: cells that had use before, if not in the hours compared with: they did not appear, they did more.
    """
    silent = all(pair.actual.requests <= 0 for pair in cells.values())
    changes = [_change(pair, weeks, key in seen, silent) for key, pair in cells.items()]
    parts = dict.fromkeys(Factor, 0.0)
    gained = sum(change.moved for change in changes if change.moved > 0)
    lost = -sum(change.moved for change in changes if change.moved < 0)
    moved = min(gained, lost)
    for change in changes:
        if change.whole is not None:
            parts[change.whole] += change.requests
            continue
        side = gained if change.moved > 0 else lost
        share = moved / side if side > 0 else 0.0
        parts[Factor.MIX] += share * change.requests
        parts[Factor.REQUESTS] += (1 - share) * change.requests
        parts[Factor.TOKENS] += change.tokens
        parts[Factor.PRICE] += change.price
    return parts


def volume(totals: Totals, usual: Totals) -> float:
    """Tokens, weighted by about what they cost with as much of the input read from a cache as is usual: a cache that
    fails makes tokens dearer, not more."""
    cached = usual.cache_read_tokens / usual.input_tokens if usual.input_tokens > 0 else 0.0
    each = 1 - (1 - CACHED_WEIGHT) * min(1.0, max(0.0, cached))
    return each * totals.input_tokens + OUTPUT_WEIGHT * totals.output_tokens


def _change(pair: Pair, weeks: int, seen: bool, silent: bool) -> Change:
    after, before = pair
    cost, usual = float(after.cost), before.cost / weeks
    requests, usually = float(after.requests), before.requests / weeks
    difference = cost - usual
    if min(cost, usual, requests, usually) < 0 or (requests == 0 and usually == 0):
        return Change.booked(Factor.OTHER, difference)
    if usually == 0:
        # The limit of LMDI for requests that come from nothing: they take all of it.
        return (
            Change(None, difference, 0.0, 0.0, requests)
            if seen
            else Change.booked(Factor.APPEARED, difference, requests)
        )
    if requests == 0:
        return (
            Change(None, difference, 0.0, 0.0, -usually)
            if silent
            else Change.booked(Factor.VANISHED, difference, -usually)
        )
    if cost == 0 or usual == 0:
        # Free on one side: the limit for a price that comes from nothing.
        return Change(None, 0.0, 0.0, difference, requests - usually)
    even = abs(difference) <= EVEN * max(cost, usual)
    weight = (cost + usual) / 2 if even else difference / math.log(cost / usual)
    by_requests = weight * math.log(requests / usually)
    tokens, usual_tokens = volume(after, before), volume(before, before) / weeks
    by_tokens = 0.0
    if tokens > 0 and usual_tokens > 0:
        by_tokens = weight * math.log(tokens / requests / (usual_tokens / usually))
    return Change(None, by_requests, by_tokens, difference - by_requests - by_tokens, requests - usually)
