"""What is around the budget service and survives a crash, and the budgets and usage of its tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import UsageEvent

from services.budget.domain.budget import Budget
from services.budget.domain.periods import Window
from services.budget.domain.tracking import Tracked
from services.budget.handlers.commitments import SeatDay
from services.common import dimensions, money
from services.common.clock import ManualClock, Micros, parse_rfc3339
from services.common.filters import parse, predicate
from services.common.forecast.hours import HourlySpend
from services.common.kafka.topics import COSTS

NOW = parse_rfc3339("2026-11-23T12:00:00Z")


class Crashed(Exception):
    """The process ended in the middle of a write."""


@dataclass(frozen=True)
class Stored:
    """A record in a log, as a consumer sees it."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = b"k"
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class World:
    """Kafka, ClickHouse and the ledger."""

    partitions: int = 2
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    incarnation: str = "life-1"
    costs: defaultdict[int, list[CostRecord]] = field(default_factory=lambda: defaultdict(list))
    begins: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    earlier_lives: list[CostRecord] = field(default_factory=list)
    state: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    holds: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    hold_writers: Counter[int] = field(default_factory=Counter)
    alerts: list[pb.BudgetAlert] = field(default_factory=list)
    budgets: dict[tuple[str, str], Budget] = field(default_factory=dict)
    archived: dict[str, pb.BudgetAlert] = field(default_factory=dict)
    history: HourlySpend | None = None
    """What the ledger tells of the past; None: it is away."""
    seat_days: dict[Micros, SeatDay] = field(default_factory=dict)
    """What the seats of UTC days cost, by the day's start."""
    ledger_offsets: dict[int, int] = field(default_factory=dict)
    ledger_away: bool = False
    ledger_queries: int = 0
    writes_until_crash: int | None = None

    # --- producing --------------------------------------------------------------------------------------------------

    def spend(
        self,
        partition: int,
        usage: UsageEvent,
        cost: int,
        shadow: int = 0,
        usage_offset: int | None = None,
    ) -> CostRecord:
        """Appends a cost record; its usage offset rises unless given."""
        log = self.costs[partition]
        chosen = usage_offset if usage_offset is not None else 10 * len(log)
        position = LogPosition(incarnation=self.incarnation, partition=partition, offset=chosen)
        record = CostRecord(
            usage=usage, revision=1, cost_delta_picos=cost, shadow_cost_delta_picos=shadow, usage_position=position
        )
        log.append(record)
        return record

    def counted(self, partition: int) -> Iterable[tuple[int, CostRecord]]:
        """The records that count, with their offsets: those whose usage offset rises."""
        highest = -1
        for offset, record in enumerate(self.costs[partition]):
            if record.usage_position.offset > highest:
                highest = record.usage_position.offset
                yield offset, record

    def naive(self, tracked: Tracked, window: Window, member: str | None = None) -> tuple[int, int]:
        """(actual, shadow) added up from every record that counts."""
        records = [record for p in range(self.partitions) for _, record in self.counted(p)] + self.earlier_lives
        return naive_sums(tracked.budget.tenant_id, tracked.filter, window, records, tracked.budget.terms.per).get(
            member, (0, 0)
        )

    def stored(self, partition: int, start: int, end: int) -> Sequence[Stored]:
        return [
            Stored(COSTS, partition, offset, self.costs[partition][offset].SerializeToString())
            for offset in range(start, min(end, len(self.costs[partition])))
        ]

    def ledger_writes_everything(self) -> None:
        self.ledger_offsets = {p: len(log) - 1 for p, log in self.costs.items() if log}

    def lose_state(self) -> None:
        """The state topic is gone; the cost log is not."""
        self.state.clear()

    def compact(self) -> None:
        """Keeps the last record of each key."""
        last = {key: index for index, (key, _) in enumerate(self.state)}
        self.state = [record for index, record in enumerate(self.state) if last[record[0]] == index]

    # --- writes that may be the last --------------------------------------------------------------------------------

    def before_write(self) -> None:
        if self.writes_until_crash is not None:
            if self.writes_until_crash == 0:
                raise Crashed
            self.writes_until_crash -= 1


def counts(tenant_id: str, scope_filter: str, window: Window, record: CostRecord) -> bool:
    usage = record.usage
    return (
        usage.tenant_id == tenant_id
        and window.holds(usage.time_unix_micros)
        and predicate(parse(scope_filter), dimensions.reader)(usage)
    )


def naive_sums(
    tenant_id: str, scope_filter: str, window: Window, records: Iterable[CostRecord], per: str
) -> dict[str | None, tuple[int, int]]:
    """(actual, shadow) of the whole under None, and of each member."""
    found: dict[str | None, tuple[int, int]] = {}
    for record in records:
        if counts(tenant_id, scope_filter, window, record):
            members = [None, dimensions.reader(per)(record.usage)] if per else [None]
            for member in members:
                actual, shadow = found.get(member, (0, 0))
                found[member] = (actual + record.cost_delta_picos, shadow + record.shadow_cost_delta_picos)
    return found


def monthly(dollars: str = "100", scope_filter: str = "", **fields: object) -> pb.Budget:
    """A budget message as a caller would send it."""
    amount = money.to_proto(money.parse_dollars(dollars))
    message = pb.Budget(filter=scope_filter, amount=amount, period=pb.PERIOD_MONTH)
    message.MergeFrom(pb.Budget(**fields))  # type: ignore[arg-type]
    return message


def use(team: str = "search", *, time: Micros = NOW, tenant_id: str = "acme", **fields: str) -> UsageEvent:
    return UsageEvent(tenant_id=tenant_id, team=team, time_unix_micros=time, **fields)  # type: ignore[arg-type]
