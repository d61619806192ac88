"""A tenant with weeks of hours behind it, and minutes to come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from finops.anomaly.v1.anomaly_pb2 import Anomaly
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.minutes.tally import MinuteTally, last_minute_before
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Reader
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import Patience
from services.common.clock import HOUR, MINUTE, SECOND, Micros
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST

DAYS = 21
LIVE: Hour = FIRST + 24 * DAYS
"""A Monday, midnight: what is before is history, what is after comes live."""
PATIENCE = Patience()
READER = Reader(("team", "user", "key", "model"))


def spend(
    at: Micros, dollars: float, *, user: str = "", key: str = "", team: str = "web", session: str = "",
    requests: int = 1, tokens: int = 1_000,
) -> CostRecord:  # fmt: skip
    """One record of so many requests."""
    usage = UsageEvent(
        source_event_id=f"{at}-{user}-{key}-{session}", time_unix_micros=at, tenant_id="acme", team=team, user=user,
        key=key, session=session, model="gpt-4o",
    )  # fmt: skip
    usage.quantities.requests = requests
    cost = CostRecord(usage=usage, revision=1, events_delta=1, cost_delta_picos=round(dollars * PICOS_PER_DOLLAR))
    cost.quantity_delta.requests, cost.quantity_delta.input_tokens = requests, tokens * requests
    return cost


_HISTORIES: dict[tuple[object, ...], TenantWatch] = {}


@dataclass
class Life:
    """Feeds a watch as the handler does: what is appended at a moment is read, then what is over is closed."""

    policy: Policy = field(default_factory=Policy)
    known: Sequence[Anomaly] = ()
    told: list[Transition] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = TenantWatch("acme", self.policy, self.known)

    def has(self, usual: Callable[[Hour], Iterable[CostRecord]], days: int = DAYS) -> Life:
        """History of so many days."""
        kept = (usual, days, self.policy)
        if self.known or kept not in _HISTORIES:
            for hour in range(LIVE - 24 * days, LIVE):
                self._hours(usual(hour))
                self._close(hour)
            self.told.clear()
            if not self.known:
                _HISTORIES[kept] = deepcopy(self.watch)
        if not self.known:
            self.watch = deepcopy(_HISTORIES[kept])
        return self

    def lives(self, records: Iterable[CostRecord], until: Micros, delay: Micros = 5 * SECOND) -> Life:
        """Records come in so long after their time; every minute what is over is closed."""
        waiting = sorted(records, key=lambda cost: cost.usage.time_unix_micros, reverse=True)
        for minute in range(LIVE * 60, until // MINUTE):
            now = (minute + 1) * MINUTE
            while waiting and waiting[-1].usage.time_unix_micros + delay < now:
                self.comes(waiting[-1], waiting[-1].usage.time_unix_micros + delay)
                waiting.pop()
            self.passes(now)
        return self

    def comes(self, record: CostRecord, appended: Micros) -> None:
        self._hours([record])
        tally = MinuteTally(PATIENCE)
        tally.add([record], appended)
        for (_, minute, spender), sums in tally.take().items():
            self.watch.minutes.add(minute, spender, sums)

    def passes(self, now: Micros) -> None:
        """Everything appended before this moment was read."""
        self._close((now - PATIENCE.grace) // HOUR - 1)
        minute = last_minute_before(now - PATIENCE.minute_grace)
        self.told += self.watch.minutes.close_through(minute)
        self._do(self.watch.look_ahead(minute))

    def stories(self) -> list[tuple[str, int, int]]:
        """What was told: series, transition, minutes since `LIVE` at which it was known."""
        return [(" ".join(sorted(t.anomaly.series.values())), t.type, t.hour) for t in self.told]

    def _hours(self, records: Iterable[CostRecord]) -> None:
        for cell, totals in READER.tally(records).items():
            self.watch.add(cell.hour, READER.series(cell), totals)

    def _close(self, hour: Hour) -> None:
        self._do(self.watch.close_through(hour))

    def _do(self, work: Generator[None, None, list[Transition]]) -> None:
        while True:
            try:
                next(work)
            except StopIteration as done:
                self.told += done.value
                return


def a_day(hour: Hour) -> list[CostRecord]:
    """Ann spends $2 in each hour of her day, on her key; a service $30 in every hour."""
    at = hour * HOUR
    ann = [spend(at + n * 12 * MINUTE, 0.4, user="ann", key="ann-key", session=f"s{hour}") for n in range(5)]
    service = [spend(at + n * MINUTE, 0.5, key="prod", requests=20) for n in range(60)]
    return (ann if 9 <= hour % 24 < 18 else []) + service


def live(hours: int) -> list[CostRecord]:
    """More of the same."""
    return [record for hour in range(LIVE, LIVE + hours) for record in a_day(hour)]
