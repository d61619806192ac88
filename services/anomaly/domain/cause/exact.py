"""Parts of a sum as whole picodollars that add up to it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.common.money import Picos


def apportion(parts: Sequence[float], total: Picos) -> list[Picos]:
    """Rounds `parts` so that they add up to `total`: what rounding down leaves over goes to the largest remainders
    (Hamilton's method). What floats lost of a large sum goes to the largest part.

    >>> apportion([1.5, 1.5, -0.5], 3)
    [2, 1, 0]
    """
    if not parts:
        return []
    whole = [math.floor(part) for part in parts]
    left = total - sum(whole)
    if not 0 <= left <= len(parts):
        largest = max(range(len(parts)), key=lambda place: (abs(parts[place]), -place))
        whole[largest] += left
        return whole
    by_remainder = sorted(range(len(parts)), key=lambda place: (whole[place] - parts[place], place))
    for place in by_remainder[:left]:
        whole[place] += 1
    return whole
