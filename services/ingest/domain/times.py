"""When an event may have happened."""

from __future__ import annotations

from typing import NamedTuple

from services.common.clock import DAY, SECOND, Micros, format_rfc3339, parse_rfc3339
from services.ingest.domain.rejection import Reason, Rejected, shown


class TimeWindow(NamedTuple):
    """The times accepted at one moment."""

    earliest: Micros
    latest: Micros

    @classmethod
    def at(cls, now: Micros, *, max_age_days: int, max_ahead_seconds: int) -> TimeWindow:
        """From `max_age_days` ago until `max_ahead_seconds` ahead, for clocks that differ."""
        return cls(now - max_age_days * DAY, now + max_ahead_seconds * SECOND)

    def check(self, time: Micros, field: str) -> Micros:
        """The time itself.

        Raises:
            Rejected: outside the window.
        """
        if time > self.latest:
            raise Rejected(
                Reason.OUT_OF_RANGE,
                field,
                f"lies in the future, after {format_rfc3339(self.latest)}: check the sender's clock",
            )
        if time < self.earliest:
            raise Rejected(
                Reason.OUT_OF_RANGE,
                field,
                f"lies before {format_rfc3339(self.earliest)}, older than events are accepted",
            )
        return time

    def rfc3339(self, value: object, field: str) -> Micros:
        """The time a string tells.

        Raises:
            Rejected
        """
        return self.check(parse(value, field), field)

    def epoch(self, value: object, field: str) -> Micros:
        """The time a number of seconds since 1970 tells, to the microsecond.

        Raises:
            Rejected
        """
        if type(value) not in (int, float):
            raise Rejected(Reason.WRONG_TYPE, field, f"must be seconds since 1970, not {shown(value)}")
        seconds: float = value  # type: ignore[assignment]
        if abs(seconds) > 1e11:
            raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: must be seconds since 1970, not finer units")
        return self.check(round(seconds * SECOND), field)


def parse(value: object, field: str) -> Micros:
    """Microseconds of an RFC 3339 string, whenever it lies.

    Raises:
        Rejected
    """
    if type(value) is not str:
        raise Rejected(Reason.WRONG_TYPE, field, f'must be a string such as "2026-11-23T12:00:00Z", not {shown(value)}')
    try:
        return parse_rfc3339(value)
    except ValueError as error:
        raise Rejected(Reason.INVALID, field, f"{error}"[:200]) from None
