"""What a controller expects to be spent; from that, budgets that are comfortable, nearly used up, or passed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal
from statistics import NormalDist
from zoneinfo import ZoneInfo

from genai_prices import Usage, calc_price

from services.demo.incidents import as_it_was, incidents
from services.demo.traffic import HOUR, expected_requests
from services.demo.workloads import WORKLOADS, Workload

TIME_ZONE = "Europe/London"

_SIZES = 50


@dataclass(frozen=True)
class Plan:
    """A budget somebody there would set."""

    id: str
    title: str
    filter: str
    counts: Callable[[Workload], bool]
    period: str
    enforcement: str
    used: float | None = None
    """The part of it spent when the history ends; None: it is made for the whole period."""
    headroom: float = 1.25
    """Times what the whole period is expected to need."""


COMPANY = Plan("demo-company", "All AI spend", "", lambda _: True, "quarter", "observe", headroom=1.6)
"""Made first: when it was made is when the history ends. Its headroom pays for the seats."""

PLANS: tuple[Plan, ...] = (
    COMPANY,
    Plan("demo-coding-agents", "Coding agents", 'tool = "claude-code"', lambda w: w.tool == "claude-code", "month",
         "warn", used=0.94),
    Plan("demo-support-assistant", "Support assistant", 'project = "support-assistant"',
         lambda w: w.project == "support-assistant", "month", "warn", used=1.12),
    Plan("demo-data-platform", "Data platform", 'team = "data-platform"', lambda w: w.team == "data-platform", "month",
         "block"),
    Plan("demo-ml-research", "Model research", 'team = "ml-research"', lambda w: w.team == "ml-research", "quarter",
         "warn"),
    Plan("demo-production", "Everything in production", 'environment = "prod"', lambda w: w.environment == "prod",
         "quarter", "observe"),
)  # fmt: skip


def amount(plan: Plan, anchor: datetime, history_start: datetime) -> Decimal:
    """Dollars for the plan's budget, rounded up to three digits, at least ten."""
    start, end = period_of(plan.period, anchor)
    if plan.used is None:
        dollars = plan.headroom * expected_dollars(plan.counts, start, end, anchor)
    else:
        dollars = expected_dollars(plan.counts, max(start, history_start), anchor, anchor) / plan.used
    value = Decimal(max(dollars, 10.0))
    step = Decimal(10) ** (value.adjusted() - 2)
    return (value / step).to_integral_value(ROUND_UP) * step


def expected_dollars(counts: Callable[[Workload], bool], start: datetime, end: datetime, anchor: datetime) -> float:
    """List price of the mean use of the workloads that count, incidents included; seats are not."""
    total = 0.0
    happened = incidents(anchor)
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        for usual in WORKLOADS:
            if counts(usual):
                workload = as_it_was(usual, hour, happened)
                total += expected_requests(workload, hour, anchor) * _request_dollars(workload)
        hour += HOUR
    return total


def period_of(period: str, moment: datetime) -> tuple[datetime, datetime]:
    """Start and end of the month or quarter around a moment, in the company's zone."""
    zone = ZoneInfo(TIME_ZONE)
    local = moment.astimezone(zone)
    months = {"month": 1, "quarter": 3}[period]
    first = (local.month - 1) // months * months
    start = datetime(local.year, first + 1, 1, tzinfo=zone)
    end = datetime(local.year + (first + months) // 12, (first + months) % 12 + 1, 1, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def _request_dollars(workload: Workload) -> float:
    key = (workload.provider, workload.model, workload.project)
    if key not in _dollars:
        _dollars[key] = _priced(workload)
    return _dollars[key]


_dollars: dict[tuple[str, str, str], float] = {}


def _priced(workload: Workload) -> float:
    """Mean price of a request over the sizes it comes in: some models cost more above a length."""
    sigma, shape = workload.shape.spread, workload.shape
    total = 0.0
    for number in range(_SIZES):
        z = NormalDist().inv_cdf((number + 0.5) / _SIZES)
        prompt = shape.prompt * math.exp(sigma * z - sigma * sigma / 2) if workload.rollup == 1 else shape.prompt
        usage = Usage(
            input_tokens=round(prompt),
            cache_read_tokens=round(prompt * shape.cached),
            cache_write_tokens=round(prompt * shape.written),
            output_tokens=shape.output,
        )
        try:
            total += float(calc_price(usage, workload.model, provider_id=workload.provider).total_price)
        except LookupError:
            return 0.0
    # Providers sell their batch interfaces at half the price.
    return total / _SIZES / (2 if workload.batch else 1)
