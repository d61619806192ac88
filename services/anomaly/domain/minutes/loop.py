"""Whether somebody's last minutes are a runaway: caps on what is spent in ten minutes, lower where spend grows.

A loop of an agent spends in minutes what its owner spends in the busiest of hours, and its context grows with every
turn. What merely steps up, as traffic after a deploy, does not keep growing; bursts of people and weekly batches stay
within the busiest hours of the weeks before.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from services.anomaly.domain.minutes.tally import MINUTES_AN_HOUR, Minute
from services.anomaly.domain.minutes.tracks import MEMORY, Track, rank
from services.anomaly.domain.minutes.usual import Usual, UsualSpend
from services.anomaly.domain.policy import Policy
from services.common.money import PICOS_PER_DOLLAR, Picos

BLOCK = 3
"""Minutes that growth is told from."""
REQUESTS_A_BLOCK = 3
"""With fewer, growth is chance."""
GAP = 2
"""Minutes without much spend that do not interrupt a loop."""
TIMES_BUSIEST = 2.0
"""A loop is taken to begin where a minute exceeds the pace of the busiest hour so many times,"""
SHARE_OF_PACE = 0.1
"""and this share of the loop's own pace."""

LASTS_MINUTES = 3
"""What is all over in fewer minutes is a large request or two, and told by the hour if it is worth it."""
DEAREST_MINUTE = 0.5
"""Nor is it a loop if one minute alone is more than this share of what is held against the cap."""

NO_HISTORY = Usual(0.0, 0.0)


class Loop(NamedTuple):
    """A runaway as it shows in one minute."""

    track: Track
    start: Minute
    spent: Picos
    """In the window of the cap."""
    usual: Usual


def loop_of(
    track: Track, minute: Minute, usual_spend: UsualSpend, policy: Policy, is_new_money: Callable[[Picos], bool]
) -> Loop | None:
    """The runaway that a series is in, if it is in one.

    Args:
        track: its last minutes.
        minute: the last of them.
        usual_spend: of any series.
        policy: the caps.
        is_new_money: whether what it spends within the window of the caps comes on top of what others spend, rather
            than in its place, as that of a rotated key.
    """
    spent = track.spent(minute - policy.runaway_minutes + 1, minute)
    floor = min(policy.runaway_usd, policy.runaway_growth_usd, policy.runaway_young_usd) * PICOS_PER_DOLLAR
    if spent < floor or not _goes_on(track, minute, spent, policy):
        return None
    usual = usual_spend.of(track.series, minute)
    if usual is None:
        alone = rank(track.series) <= 1 or usual_spend.tenant_has_history(minute)
        out = alone and spent >= policy.runaway_young_usd * PICOS_PER_DOLLAR and is_new_money(spent)
    else:
        out = _over_cap(track, minute, spent / PICOS_PER_DOLLAR, usual, policy)
    usual = usual or NO_HISTORY
    start = start_of(track, minute, spent, usual, policy) if out else None
    lasts = start is not None and minute - start >= LASTS_MINUTES - 1
    return Loop(track, start, spent, usual) if start is not None and lasts else None


def least_pace(usual: Usual, pace: float) -> float:
    """Dollars a minute below which a minute is none of the loop's, where the loop spends `pace` a minute."""
    return max(TIMES_BUSIEST * usual.busiest / MINUTES_AN_HOUR, SHARE_OF_PACE * pace)


def start_of(track: Track, minute: Minute, spent: Picos, usual: Usual, policy: Policy) -> Minute | None:
    """The first minute of the loop that lasts until `minute`; None: it is over by then."""
    least = least_pace(usual, spent / PICOS_PER_DOLLAR / policy.runaway_minutes) * PICOS_PER_DOLLAR
    start, found = minute, False
    for before, sums in reversed(track.minutes):
        if start - before > GAP + 1 or before <= minute - MEMORY:
            break
        if sums.cost >= least:
            start, found = before, True
    return start if found else None


def _goes_on(track: Track, minute: Minute, spent: Picos, policy: Policy) -> bool:
    costs = sorted(sums.cost for before, sums in track.minutes if before > minute - policy.runaway_minutes)
    return len(costs) >= LASTS_MINUTES and costs[-1] <= DEAREST_MINUTE * spent


def _over_cap(track: Track, minute: Minute, spent: float, usual: Usual, policy: Policy) -> bool:
    if spent >= max(policy.runaway_usd, policy.runaway_ratio * usual.busiest):
        return True
    grown_cap = max(policy.runaway_growth_usd, policy.runaway_growth_ratio * usual.busiest)
    return spent >= grown_cap and _grows(track, minute, policy)


def _grows(track: Track, minute: Minute, policy: Policy) -> bool:
    blocks = [track.within(minute - (n + 1) * BLOCK + 1, minute - n * BLOCK) for n in (2, 1, 0)]
    if any(block.requests < REQUESTS_A_BLOCK or block.cost <= 0 for block in blocks):
        return False
    return all(after.cost >= policy.runaway_growth * before.cost for before, after in pairwise(blocks))
