"""The budget service's ports over a world: logs, stores, a ledger that adds up record by record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import CostRecord

from services.budget.adapters import holds_codec
from services.budget.adapters.state_codec import decode, encode
from services.budget.domain.alerts import Told, told_by
from services.budget.domain.budget import Budget
from services.budget.domain.holds import Change
from services.budget.domain.mirror import Counted, Entry, Mirror
from services.budget.domain.periods import Window
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.changes import Changes
from services.budget.handlers.commitments import SeatDay
from services.budget.handlers.holding import HoldsView
from services.budget.handlers.ownership import Ownership
from services.budget.handlers.ports import LedgerPositions
from services.common.clock import Micros
from services.common.errors import UnavailableError
from services.common.forecast.hours import HourlySpend
from services.common.kafka.record import Partition
from tests.unit.budget.world import World, naive_sums


class MemoryJournal:
    """One process's view of the state and alerts topics."""

    def __init__(self, world: World) -> None:
        self.mirror = Mirror(world.incarnation)
        self.partitions = world.partitions
        self._world = world
        self._read = 0
        self._read_alerts = 0
        self.changes: Changes | None = None
        self.alerting: Alerting | None = None
        self.ownership: Ownership | None = None

    async def append(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._world.before_write()
            record = encode(entry)
            self._world.state.append((record.key, record.value))

    async def publish(self, alerts: Sequence[pb.BudgetAlert]) -> None:
        for alert in alerts:
            self._world.before_write()
            self._world.alerts.append(alert)

    async def caught_up(self) -> None:
        for key, value in self._world.state[self._read :]:
            entry = decode(key, value)
            scope = self.mirror.apply(entry)
            if isinstance(entry, Counted) and self.ownership is not None:
                self.ownership.heard(entry)
            if scope is not None and self.changes is not None:
                self.changes.touch(*scope.family.budget, scope.member)
        self._read = len(self._world.state)
        for alert in self._world.alerts[self._read_alerts :]:
            assert self.alerting is not None
            self.alerting.learn(alert)
        self._read_alerts = len(self._world.alerts)


class MemoryHoldLog:
    """One process's view of the log of holds, and its writers."""

    def __init__(self, world: World, view: HoldsView) -> None:
        self._world = world
        self._view = view
        self._read = 0

    async def claim(self, share: int) -> MemoryHoldWriter:
        self._world.hold_writers[share] += 1
        self.caught_up()
        return MemoryHoldWriter(self._world, share)

    def caught_up(self) -> None:
        for key, value in self._world.holds[self._read :]:
            self._view.apply(holds_codec.decode(key, value))
        self._read = len(self._world.holds)


class MemoryHoldWriter:
    """Refused once another has claimed the share."""

    def __init__(self, world: World, share: int) -> None:
        self._world = world
        self._share = share
        self._epoch = world.hold_writers[share]

    async def write(self, changes: Sequence[Change]) -> None:
        if self._world.hold_writers[self._share] != self._epoch:
            raise UnavailableError("fenced")
        if changes:
            self._world.before_write()
        self._world.holds += [(holds_codec.key_of(change), holds_codec.value_of(change)) for change in changes]

    async def close(self) -> None: ...


class MemoryStore:
    def __init__(self, world: World) -> None:
        self._world = world

    async def fingerprint(self) -> object:
        return sorted((key, budget.version) for key, budget in self._world.budgets.items())

    async def load(self) -> Sequence[Budget]:
        return list(self._world.budgets.values())

    async def find(self, tenant_id: str, budget_id: str) -> Budget | None:
        return self._world.budgets.get((tenant_id, budget_id))

    async def save(self, budget: Budget) -> None:
        self._world.budgets[budget.tenant_id, budget.budget_id] = budget


class MemoryArchive:
    def __init__(self, world: World) -> None:
        self._world = world

    async def load(self, period_end_after: Micros) -> Sequence[tuple[Told, Micros]]:
        found = [(told_by(alert), alert.time_unix_micros) for alert in self._world.archived.values()]
        return [(told, time) for told, time in found if told is not None]

    async def save(self, alerts: Sequence[pb.BudgetAlert]) -> None:
        for alert in alerts:
            self._world.before_write()
            self._world.archived[alert.alert_id] = alert


class MemoryHistory:
    def __init__(self, world: World) -> None:
        self._world = world

    async def hourly(self, tenant_id: str, scope_filter: str, start: Micros, end: Micros) -> HourlySpend:
        if self._world.history is None:
            raise UnavailableError("the ledger is away")
        return self._world.history


class MemorySeats:
    def __init__(self, world: World) -> None:
        self._world = world

    async def daily(
        self, tenant_id: str, scope_filter: str, start: Micros, end: Micros, *, per: str
    ) -> Sequence[SeatDay]:
        if self._world.ledger_away:
            raise UnavailableError("the ledger is away")
        return [day for time, day in self._world.seat_days.items() if start <= time < end]


class NaiveLedger:
    """Adds up what it has written, record by record."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def positions(self, incarnation: str) -> LedgerPositions:
        if self._world.ledger_away:
            raise UnavailableError("the ledger is away")
        costs: dict[int, int] = {}
        usage: dict[int, int] = {}
        for partition, through in self._world.ledger_offsets.items():
            for offset, record in self._world.counted(partition):
                if offset <= through:
                    costs[partition], usage[partition] = offset, record.usage_position.offset
        return LedgerPositions(costs, usage)

    async def spend(
        self,
        tenant_id: str,
        scope_filter: str,
        window: Window,
        incarnation: str,
        through: Mapping[int, int],
        *,
        per: str,
        other_incarnations: bool,
    ) -> Mapping[int, Mapping[str | None, tuple[int, int]]]:
        if self._world.ledger_away:
            raise UnavailableError("the ledger is away")
        self._world.ledger_queries += 1
        found: defaultdict[int, list[CostRecord]] = defaultdict(list)
        for partition, last in through.items():
            written = min(last, self._world.ledger_offsets.get(partition, -1))
            found[partition] = [record for offset, record in self._world.counted(partition) if offset <= written]
        if other_incarnations:
            found[-1] = self._world.earlier_lives
        return {
            partition: sums
            for partition, records in found.items()
            if (sums := naive_sums(tenant_id, scope_filter, window, records, per))
        }


class CountingMeters:
    def __init__(self) -> None:
        self.decisions: list[str] = []
        self.ended: list[str] = []
        self.outstanding = 0

    def budgets(self, count: int) -> None: ...

    def forecasts(self, count: int) -> None: ...

    def rebuilding(self, count: int) -> None:
        self.outstanding = count

    def rebuilt(self, count: int) -> None: ...

    def repaired(self, count: int) -> None: ...

    def alerts(self, count: int) -> None: ...

    def applied(self, oldest_received: Micros, now: Micros) -> None: ...

    def reserved(self, decision: str) -> None:
        self.decisions.append(decision)

    def hold_ended(self, how: str) -> None:
        self.ended.append(how)


class MemoryLog:
    def __init__(self, world: World) -> None:
        self._world = world
        self.incarnation = world.incarnation

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {p: self._world.begins[p.partition] for p in partitions}

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {p: len(self._world.costs[p.partition]) for p in partitions}

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return dict.fromkeys(partitions)
