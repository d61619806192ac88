"""What made requests dearer: of the ratios that make up the cost of a request, the one that explains most of it.

A request costs its input, less what a cache takes off, and its output. Each ratio's part of the difference is LMDI's
(Ang 2005): L(a, b) ln(x1 / x0) with L(a, b) = (a - b) / ln(a / b). What no ratio explains is the price of a token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from finops.anomaly.v1.anomaly_pb2 import Anomaly

CACHED_DISCOUNT = 0.9
"""What most providers take off the price of input that is read from a cache."""
OUTPUT_WEIGHT = 5.0
"""Tokens of input that cost as much as one of output, in most price lists."""
EXPLAINS = 0.5
"""A reason is named if it explains this share of how much dearer requests are (of the logarithm): a change of mix moves
every ratio a little."""

_INPUT = Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST
_OUTPUT = Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST
_CACHE = Anomaly.CHANNEL_CACHE_HIT_SHARE
REASONS = (_CACHE, _INPUT, _OUTPUT)


class Figures(NamedTuple):
    """A ratio in its own unit, and what is usual."""

    actual: float
    expected: float
    low: float
    high: float


NONE = Figures(0.0, 0.0, 0.0, 0.0)
Ratios = Mapping[Anomaly.Channel, Figures]


def reason(ratios: Ratios) -> Anomaly.Channel | None:
    """The channel that says why requests are dearer; None: it is the price, or a bit of everything.

    >>> usual = {_INPUT: Figures(900, 900, 800, 1000), _OUTPUT: Figures(90, 90, 80, 99)}
    >>> dearer = {Anomaly.CHANNEL_UNIT_COST: Figures(0.03, 0.02, 0.015, 0.025)}
    >>> reason(usual | dearer)
    >>> reason(usual | dearer | {_OUTPUT: Figures(180, 90, 80, 99)}) == _OUTPUT
    True
    """
    unit = ratios.get(Anomaly.CHANNEL_UNIT_COST, NONE)
    if min(unit.actual, unit.expected) <= 0:
        return None
    dearer = math.log(unit.actual / unit.expected)
    parts = _parts(*(ratios.get(channel, NONE) for channel in REASONS))
    best = max(parts, key=lambda channel: parts[channel], default=None)
    return best if best is not None and dearer > 0 and parts[best] >= EXPLAINS * dearer else None


def _parts(cached: Figures, sent: Figures, answered: Figures) -> dict[Anomaly.Channel, float]:
    """Of the logarithm of how many times as much a request's tokens cost."""
    off, usually_off = (1 - CACHED_DISCOUNT * share for share in (cached.actual, cached.expected))
    read, usually_read = sent.actual * off, sent.expected * usually_off
    written, usually_written = OUTPUT_WEIGHT * answered.actual, OUTPUT_WEIGHT * answered.expected
    whole = read + written, usually_read + usually_written
    parts = {}
    if min(whole) > 0:
        parts[_OUTPUT] = (written - usually_written) / _mean(*whole)
        if min(read, usually_read) > 0:
            of_input = _mean(read, usually_read) / _mean(*whole)
            parts[_CACHE] = of_input * math.log(off / usually_off)
            parts[_INPUT] = of_input * math.log(sent.actual / sent.expected)
    return parts


def _mean(one: float, other: float) -> float:
    """The logarithmic mean."""
    return one if math.isclose(one, other, rel_tol=1e-9) else (one - other) / math.log(one / other)
