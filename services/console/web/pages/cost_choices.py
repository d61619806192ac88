"""What the cost explorer is set to, and how its address tells that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from services.common.clock import DAY, Micros, format_rfc3339
from services.console.domain.cost_query import CostQuery, parse_cost_query
from services.console.domain.periods import PRESETS, preset

STEPS = {"auto": "Auto", "hour": "Hour", "day": "Day", "week": "Week", "month": "Month"}
_DEFAULT_RANGE = "30d"
_DEFAULT_BY = ("team",)


@dataclass
class Choices:
    """Settings of the explorer; `start` and `end` count with the range `custom` only."""

    range: str = _DEFAULT_RANGE
    start: str = ""
    end: str = ""
    by: tuple[str, ...] = _DEFAULT_BY
    step: str = "auto"
    filter: str = ""
    compare: bool = True

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Choices:
        """The choices an address tells; what it does not say, or says wrong, is the default."""
        chosen, step = parameters.get("range", ""), parameters.get("step", "")
        by = tuple(name for name in parameters.get("by", ",".join(_DEFAULT_BY)).split(",") if name)
        return cls(
            chosen if chosen in PRESETS else _DEFAULT_RANGE,
            parameters.get("start", ""),
            parameters.get("end", ""),
            by,
            step if step in STEPS else "auto",
            parameters.get("filter", ""),
            parameters.get("compare", "1") != "0",
        )

    def query_string(self) -> str:
        """The choices as an address tells them."""
        custom = {"start": self.start, "end": self.end} if self.range == "custom" else {}
        said = {"range": self.range, **custom, "by": ",".join(self.by), "step": self.step, "filter": self.filter}
        return urlencode({**{name: value for name, value in said.items() if value}, "compare": str(int(self.compare))})

    def query(self, now: Micros, tz: ZoneInfo) -> CostQuery:
        """The question to ask.

        Raises:
            InvalidArgumentError: a filter, dimension or date that cannot be read.
        """
        if self.range == "custom":
            start, end = self.start, self.end
        else:
            period = preset(self.range, now, tz)
            start, end = format_rfc3339(period.start), format_rfc3339(period.end)
        told = [
            ("start", start),
            ("end", end),
            ("timezone", tz.key),
            ("group_by", ",".join(self.by)),
            ("filter", self.filter),
            ("granularity", "total"),
        ]
        asked = parse_cost_query(told, now)
        step = self.step if self.step != "auto" else _step(asked.period.length)
        told[-1] = ("granularity", step)
        return parse_cost_query(told, now)


def _step(length: Micros) -> str:
    """So many buckets that a chart stays readable."""
    if length <= 3 * DAY:
        return "hour"
    return "day" if length <= 100 * DAY else "week" if length <= 400 * DAY else "month"
