"""What would have been raised: a tenant's history once more through a watch of its own, beside the one that is live."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    BacktestProgress,
    BacktestRequest,
    BacktestResponse,
    BacktestSummary,
)

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.bank import HOURS_A_WEEK
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Reader, hour_of
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.whole import explained
from services.anomaly.handlers.ports import History, Labels, Scope, Windows
from services.anomaly.handlers.restore import CHUNK_DAYS, fill, fill_planned, in_slices
from services.anomaly.handlers.said import said_of, window_of
from services.common.clock import DAY, HOUR, Clock, Micros
from services.common.errors import InvalidArgumentError, ResourceExhaustedError
from services.common.money import from_proto, to_proto

LONGEST_DAYS = 400


@dataclass
class _Findings:
    """What was raised so far."""

    start: Hour
    end: Hour
    raised: dict[str, Anomaly] = field(default_factory=dict)
    series: int = 0
    series_hours: int = 0
    withheld_before: int = 0

    def take(self, transition: Transition) -> None:
        """Keeps an anomaly as it stands; those that started before the range are not of it."""
        anomaly = explained(transition.anomaly, None)
        if not self.start <= hour_of(anomaly.start_unix_micros) < self.end:
            return
        moment = (transition.hour + 1) * HOUR
        before = self.raised.get(anomaly.name)
        anomaly.create_unix_micros = moment if before is None else before.create_unix_micros
        anomaly.update_unix_micros = moment
        self.raised[anomaly.name] = anomaly

    def note(self, hour: Hour, watch: TenantWatch) -> None:
        """Counts what was watched in an hour."""
        if hour < self.start:
            self.withheld_before = watch.withheld
            return
        self.series = max(self.series, watch.series_count)
        self.series_hours += watch.series_count

    def summary(self, watch: TenantWatch) -> BacktestSummary:
        impact = sum(max(0, from_proto(anomaly.impact)) for anomaly in self.raised.values())
        weeks = self.series_hours / HOURS_A_WEEK
        return BacktestSummary(
            anomalies=len(self.raised),
            series=self.series,
            series_hours=self.series_hours,
            withheld=watch.withheld - self.withheld_before,
            impact=to_proto(impact),
            alarms_per_series_week=len(self.raised) / weeks if weeks else 0.0,
        )


class Backtester:
    """One backtest a tenant at a time."""

    def __init__(
        self, *, history: History, labels: Labels, windows: Windows, clock: Clock, reader: Reader, policy: Policy,
        grace: Micros, history_days: int,
    ) -> None:  # fmt: skip
        """
        Args:
            history: the ledger.
            labels: what was said of anomalies; those that are found again are taught by it, as they were.
            windows: what was announced.
            clock: of the wall.
            reader: names what is watched.
            policy: the thresholds that a request does not name.
            grace: an hour is judged so long after its end.
            history_days: that teach before the range.
        """
        self._history = history
        self._labels = labels
        self._windows = windows
        self._clock = clock
        self._reader = reader
        self._policy = policy
        self._grace = grace
        self._history_days = history_days
        self._under_way: set[str] = set()

    async def run(self, tenant: str, request: BacktestRequest) -> AsyncIterator[BacktestResponse]:
        """Progress, then what would have been raised in the order of time, then a summary. An anomaly's times of
        creation and update are those at which its hours were over.

        Raises:
            InvalidArgumentError: a range or thresholds that make no sense.
            ResourceExhaustedError: another backtest of this tenant is under way.
            UnavailableError: the ledger is away.
        """
        start, end = self._range(request)
        watch = TenantWatch(tenant, tuned(self._policy, request.policy))
        if tenant in self._under_way:
            raise ResourceExhaustedError("another backtest is under way: wait for it to end", retry_after_seconds=10)
        self._under_way.add(tenant)
        try:
            found = _Findings(start, end)
            async for progress in self._replay(watch, found):
                yield BacktestResponse(progress=progress)
            for anomaly in sorted(found.raised.values(), key=lambda a: (a.start_unix_micros, a.name)):
                yield BacktestResponse(anomaly=anomaly)
            yield BacktestResponse(summary=found.summary(watch))
        finally:
            self._under_way.discard(tenant)

    async def _replay(self, watch: TenantWatch, found: _Findings) -> AsyncIterator[BacktestProgress]:
        scope, until = Scope(tenant=watch.tenant), found.end * HOUR
        taught_from = max(0, found.start * HOUR - self._history_days * DAY) // DAY * DAY
        days = (await self._history.busy_days(scope, taught_from, until)).get(watch.tenant, ())
        begin = min(days, default=until)
        hours = found.end - hour_of(begin)
        await self._hear(watch, taught_from)
        yield BacktestProgress(hours_done=0, hours=hours)
        while begin < until:
            stop = min(begin + CHUNK_DAYS * DAY, until)
            if any(begin <= day < stop for day in days):
                await fill(self._history, scope, self._reader, lambda _: watch, begin, stop)
                await fill_planned(self._history, scope, self._reader, watch, hour_of(begin), hour_of(stop))
            for hour in range(hour_of(begin), hour_of(stop)):
                for transition in await in_slices(watch.close_through(hour)):
                    found.take(transition)
                found.note(hour, watch)
            yield BacktestProgress(hours_done=hours - (found.end - hour_of(stop)), hours=hours)
            begin = stop

    async def _hear(self, watch: TenantWatch, since: Micros) -> None:
        for announced in await self._windows.since(since):
            if announced.tenant == watch.tenant:
                watch.plan.put(window_of(announced, self._grace))
        for labelled in await self._labels.since(since):
            if labelled.tenant == watch.tenant:
                watch.hear(said_of(labelled, self._grace))

    def _range(self, request: BacktestRequest) -> tuple[Hour, Hour]:
        start, end = request.start_unix_micros, request.end_unix_micros
        if start < 0 or end <= start:
            raise InvalidArgumentError.of("end_unix_micros", "must lie after start_unix_micros")
        if end - start > LONGEST_DAYS * DAY:
            raise InvalidArgumentError.of("end_unix_micros", f"must lie at most {LONGEST_DAYS} days after the start")
        first, last = hour_of(start), hour_of(min(end, self._clock.now() - self._grace))
        if first >= last:
            raise InvalidArgumentError.of("start_unix_micros", "no whole hour of the range is over yet")
        return first, last


def tuned(policy: Policy, changes: Mapping[str, float]) -> Policy:
    """The policy with other thresholds.

    Raises:
        InvalidArgumentError: no such threshold, or a value it cannot have.
    """
    numbers = {name: value for name, value in vars(policy).items() if isinstance(value, int | float)}
    wanted: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in numbers:
            raise InvalidArgumentError.of("policy", f"no threshold {name!r}: there are {', '.join(numbers)}")
        if not math.isfinite(value) or value <= 0:
            raise InvalidArgumentError.of("policy", f"{name} must be positive, not {value:g}")
        whole = isinstance(numbers[name], int)
        if whole and value != int(value):
            raise InvalidArgumentError.of("policy", f"{name} must be a whole number, not {value:g}")
        wanted[name] = int(value) if whole else value
    if wanted.get("series_per_dimension", 0) > policy.series_per_dimension:
        raise InvalidArgumentError.of("policy", f"series_per_dimension may be {policy.series_per_dimension} at most")
    try:
        return replace(policy, **wanted)
    except ValueError as error:
        raise InvalidArgumentError.of("policy", str(error)) from error
