"""A token bucket for each key."""

from __future__ import annotations

from services.common.clock import SECOND, Micros


class RateLimit:
    """Lets `per_second` events through for each key, with bursts of up to `burst`.

    A request is let through while its key's bucket is not empty and may take it below zero, so that a batch larger than
    the burst is slowed down rather than refused for ever.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self._rate = per_second / SECOND
        self._burst = burst
        self._buckets: dict[str, tuple[float, Micros]] = {}

    def wait(self, key_id: str, events: int, now: Micros) -> float:
        """Takes the events and returns 0, or takes nothing and returns the seconds until the key may try again."""
        level, since = self._buckets.get(key_id, (self._burst, now))
        level = min(self._burst, level + max(0, now - since) * self._rate)
        if level <= 0:
            self._buckets[key_id] = (level, now)
            return (1 - level) / self._rate / SECOND
        self._buckets[key_id] = (level - events, now)
        return 0.0
