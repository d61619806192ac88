"""What is worth telling people."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.anomaly.domain.series import TENANT

_HOURS_A_YEAR = 8_766
DOUBT = math.log(10)
"""Evidence that an alarm needs besides, for each that was called false."""
MOST_DOUBTS = 3


@dataclass(frozen=True)
class Policy:
    """Thresholds. One of them, `false_alarms_per_series_year`, sets how surprising an hour must be; the others say how
    much money makes it worth an alarm, and how often anybody is told."""

    false_alarms_per_series_year: float = 0.05
    min_impact_usd: float = 10.0
    """An anomaly below it stays untold. A cache that fails is told below it if a day of it comes to it."""
    min_share_of_month: float = 0.004
    """Nor is one told that is below this share of what the series usually spends in 30 days (0.004: three hours); of
    requests that became dearer, and stay so until somebody mends it, a day counts,"""
    min_cost_ratio: float = 1.5
    """or whose cost is not so many times the usual,"""
    min_unit_cost_ratio: float = 1.25
    """or whose cost a request is not so many times the usual."""
    min_drift_ratio: float = 1.2
    """Nor a drift whose days cost not so many times the usual."""
    min_error_share: float = 0.1
    """Nor failed requests that are not this share of all, beyond the usual one."""
    min_history_hours: int = 168
    """A younger series is only held against the cap."""
    cap_usd_per_hour: float = 500.0
    """Above it a series without history is an anomaly, unless the tenant has none either."""
    calm_hours: int = 3
    """An anomaly closes after so many usual hours in a row."""
    longest_hours: int = 168
    """After so long, what was an anomaly is the new normal: it closes and is learned."""
    min_requests: int = 30
    """Hours are pooled until they hold so many requests before a unit cost is judged."""
    pool_hours: int = 12
    """At most so many."""
    silent_events: int = 5
    """A series is silent in an hour that had nothing where so many events are usual."""
    silent_hours: int = 3
    """So many such hours make a silence, or one in which so many times `silent_events` always came until then."""
    min_silence_usd: float = 2.0
    """Silent hours in which less is usually spent stay untold."""
    silence_ends_hours: int = 72
    """After so long a series has ended, rather than fallen silent."""
    forget_after_hours: int = 14 * 24
    """A series without requests for so long is dropped."""
    cooldown_hours: int = 6
    alarms_per_series_week: int = 3
    alarms_per_tenant_day: int = 10
    encore: float = 2.0
    """What exceeds an alarm that would hide it so many times over is told nevertheless."""
    series_per_dimension: int = 1_000
    """Of one tenant; further values are not watched one by one."""
    runaway_minutes: int = 10
    """What is spent in so many minutes is held against the caps on runaways;"""
    runaway_usd: float = 5.0
    """below this nothing is one,"""
    runaway_ratio: float = 1.5
    """nor below so many times what the series, or a session's user or key, spent in its busiest hour of eight weeks."""
    runaway_growth_usd: float = 3.0
    """Where spend grows from minute to minute, these take the place of the two:"""
    runaway_growth_ratio: float = 1.0
    runaway_growth: float = 1.25
    """growing is what gets so many times larger every three minutes, twice in a row."""
    runaway_young_usd: float = 50.0
    """The only cap on what has no history. Keys and teams of a tenant without any are not held against it."""
    runaway_calm_minutes: int = 10
    """A runaway is over after so many minutes at a usual pace."""
    minute_series: int = 20_000
    """Of one tenant: so many sessions, users, keys and teams with spend in the last minutes, the dearest first."""
    novelty_memory_days: int = 45
    """Who used what is remembered for so long."""
    new_pair_usd: float = 5.0
    """What a user spends in a day on a model they never used before; below it, it is not in the day's digest."""
    medium_usd: float = 100.0
    high_usd: float = 1_000.0
    owner_dimensions: tuple[str, ...] = ("team", "project", "key", "user", "source")
    """Whose spend it is, rather than what is bought."""
    dimension_order: tuple[str, ...] = (
        "team", "project", "key", "user", "tool", "source", "model", "provider", "environment", "service_tier", TENANT,
    )  # fmt: skip
    """Of series that show the same incident about equally well, the first here gives it its name."""
    silence_order: tuple[str, ...] = (TENANT, "source", "tool", "provider", "team", "project", "key")
    """The same for silence; only these dimensions are watched for it, since people go on holiday and models end."""

    silent_if_regular: tuple[str, ...] = ("project", "key")
    """Of these only what was heard of in every hour for weeks: they end as a rule, and are idle as their owners are."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int | float) and value <= 0:
                raise ValueError(f"{name} must be positive, not {value}")
        if self.medium_usd > self.high_usd:
            raise ValueError(f"medium_usd ({self.medium_usd}) must not be above high_usd ({self.high_usd})")

    @property
    def evidence_needed(self) -> float:
        """-ln of the false-alarm probability of one series and hour."""
        return math.log(_HOURS_A_YEAR / self.false_alarms_per_series_year)

    def evidence_after(self, doubts: int) -> float:
        """The same for a series of which so many alarms were called false.

        A false alarm says that its tail is heavier than was thought; how much heavier it does not say, so that each
        makes the next ten times as unlikely, and no more than `MOST_DOUBTS` do: what is outrageous is told always.
        """
        return self.evidence_needed + DOUBT * min(doubts, MOST_DOUBTS)

    def silence_after(self, doubts: int) -> float:
        """Silent hours that make a silence of such a series: as many again for each that was called false."""
        return self.silent_hours * (1.0 + min(doubts, MOST_DOUBTS))

    def least_impact(self, usual_month_usd: float) -> float:
        """Dollars an anomaly of such a series must cost to be told."""
        return max(self.min_impact_usd, self.min_share_of_month * usual_month_usd)
