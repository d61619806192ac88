"""The forecast without history: it goes on as it went so far."""

from __future__ import annotations

from services.budget.domain.periods import Window
from services.common.clock import Micros
from services.common.money import Picos

SHORTEST_SHARE = 100
"""The rate is taken over at least this fraction (a hundredth) of the period: before that, one early burst would be
multiplied by thousands."""


def run_rate(spend: Picos, window: Window, now: Micros) -> Picos:
    """Spend at the period's end if it goes on at the mean rate so far: spend x length / elapsed.

    Knows no weekdays and no trend; at the end of the period it equals the spend.
    """
    length = window.end - window.start
    elapsed = min(max(now - window.start, length // SHORTEST_SHARE, 1), length)
    return spend * length // elapsed
