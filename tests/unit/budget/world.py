"""The world around the budget service, in memory: what survives a crash, and a process that can crash at any write."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import UsageEvent

from services.budget.adapters import holds_codec
from services.budget.adapters.state_codec import decode, encode
from services.budget.domain.alerts import Told, told_by
from services.budget.domain.awaiting import Awaited
from services.budget.domain.budget import Budget
from services.budget.domain.holds import Change
from services.budget.domain.mirror import Counted, Entry, Mirror
from services.budget.domain.periods import Window
from services.budget.domain.tracking import Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.commitments import Commitments, SeatDay
from services.budget.handlers.deciding import Deciding
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.forecasting import Forecasting
from services.budget.handlers.holding import Books, CountedEvents, HoldsView
from services.budget.handlers.ownership import Ownership, Share
from services.budget.handlers.ports import LedgerPositions
from services.budget.handlers.rebuilding import Rebuilder
from services.budget.handlers.reconciling import Reconciler
from services.budget.handlers.reserving import Reserving
from services.budget.handlers.standing import Standings
from services.budget.handlers.statuses import Statuses
from services.budget.handlers.totals import Totals
from services.common import dimensions, money
from services.common.clock import ManualClock, Micros, parse_rfc3339
from services.common.errors import UnavailableError
from services.common.filters import parse, predicate
from services.common.forecast.hours import HourlySpend
from services.common.kafka.record import Batch, Partition
from services.common.kafka.topics import COSTS

NOW = parse_rfc3339("2026-11-23T12:00:00Z")


_NUMBERS = itertools.count()


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


class Process:
    """The budget service's handlers over a world; forgets everything when dropped."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.meters = CountingMeters()
        clock = world.clock
        self.journal = MemoryJournal(world)
        store = MemoryStore(world)
        self.changes, self.awaited = Changes(clock), Awaited()
        self.view = HoldsView(self.awaited, self.changes)
        self.books, self.hold_log = Books(self.view), MemoryHoldLog(world, self.view)
        self.catalog = Catalog(store, clock, self.changes, self.meters)
        self.definitions = Definitions(store, self.catalog, clock)
        self.accounts = Accounts(
            self.catalog, self.journal, NaiveLedger(world), self.awaited, self.changes, clock, self.meters
        )
        self.totals = Totals(self.accounts, self.journal)
        self.commitments = Commitments(
            self.catalog, MemorySeats(world), self.changes, clock, refresh_seconds=3_600, concurrency=2
        )
        self.standings = Standings(self.totals, self.books, self.commitments)
        self.forecasting = Forecasting(
            self.catalog, self.standings, MemoryHistory(world), self.changes, clock, self.meters,
            refresh_seconds=3_600, concurrency=2, processor_share=1,
        )  # fmt: skip
        self.alerting = Alerting(
            self.catalog, self.standings, self.forecasting, self.accounts, self.journal, MemoryArchive(world),
            self.journal, self.changes, clock, self.meters,
        )  # fmt: skip
        self.rebuilder = Rebuilder(
            self.catalog, self.accounts, self.totals, self.journal, NaiveLedger(world), self.changes, self.meters,
            concurrency=2,
        )  # fmt: skip
        self.reconciler = Reconciler(
            self.catalog, self.accounts, self.totals, self.rebuilder, self.journal, NaiveLedger(world), self.journal,
            clock, self.meters, concurrency=2,
        )  # fmt: skip
        counted = CountedEvents(self.accounts.position_of, 1_000)
        self.ownership = Ownership(
            self.hold_log, self.view, counted, self.journal, self.changes, clock, self.meters, remembered_seconds=300
        )
        self.ownership.address = f"process-{next(_NUMBERS)}:1"
        self.books.own = self.ownership.book_of
        self.deciding = Deciding(self.catalog, self.standings, self.changes, clock)
        self.reserving = Reserving(
            self.deciding, self.ownership, counted, self.changes, clock, self.meters, settled_seconds=86_400
        )
        self.journal.ownership = self.ownership
        self.statuses = Statuses(
            self.definitions, self.catalog, self.standings, self.forecasting, self.alerting, self.changes, clock,
            coalesce_seconds=0,
        )  # fmt: skip
        self.journal.changes, self.journal.alerting = self.changes, self.alerting
        self.next: dict[int, int] = {}

    async def assign(self, partitions: Sequence[int] | None = None) -> None:
        chosen = range(self.world.partitions) if partitions is None else partitions
        starts = await self.accounts.assigned([Partition(COSTS, p) for p in chosen], MemoryLog(self.world))
        self.next = {p.partition: offset for p, offset in starts.items()}
        self.ownership.assigned(list(chosen))
        await self.ownership.run()

    def share(self, tenant_id: str = "acme") -> Share:
        found = self.ownership.share_of(tenant_id)
        assert found is not None
        return found

    async def hear(self) -> None:
        """Everything that was written is read, and what follows from it is written."""
        for _ in range(2):
            self.hold_log.caught_up()
            await self.accounts.tell_late()
            await self.journal.caught_up()
            self.ownership.recount()
            await self.ownership.run()

    async def revoke(self, partitions: Sequence[int]) -> None:
        await self.accounts.revoked([Partition(COSTS, p) for p in partitions])
        for partition in partitions:
            self.next.pop(partition, None)

    async def consume(self, partition: int, records: int, again: int = 0) -> Batch:
        """Reads on, or starts `again` records before where it should."""
        start = max(self.next[partition] - again, self.world.begins[partition], 0)
        batch = Batch(self.world.stored(partition, start, self.next[partition] + records))
        if batch.records:
            await self.accounts.process(batch)
            self.next[partition] = max(self.next[partition], batch.records[-1].offset + 1)
        return batch

    async def consume_all(self) -> None:
        for partition in list(self.next):
            await self.consume(partition, 10**6)

    async def full_pass(self) -> int:
        """Rebuilds what can be."""
        await self.journal.caught_up()
        await self.catalog.refresh()
        return await self.rebuilder.run()

    async def settle_down(self) -> None:
        """Everything that is due happens."""
        self.world.ledger_writes_everything()
        await self.consume_all()
        for _ in range(4):
            if await self.full_pass() == 0:
                break
        await self.journal.caught_up()
        await self.alerting.run()

    async def create(self, budget_id: str, message: pb.Budget, tenant_id: str = "acme") -> Tracked:
        await self.catalog.refresh()
        await self.definitions.create(tenant_id, message, budget_id)
        return self.tracked(budget_id, tenant_id)

    def tracked(self, budget_id: str, tenant_id: str = "acme") -> Tracked:
        found = self.catalog.get(tenant_id, budget_id)
        assert found is not None
        return found

    def status(self, budget_id: str, tenant_id: str = "acme", member: str | None = None) -> pb.BudgetStatus:
        return self.statuses.status(self.tracked(budget_id, tenant_id), member)


def monthly(dollars: str = "100", scope_filter: str = "", **fields: object) -> pb.Budget:
    """A budget message as a caller would send it."""
    amount = money.to_proto(money.parse_dollars(dollars))
    message = pb.Budget(filter=scope_filter, amount=amount, period=pb.PERIOD_MONTH)
    message.MergeFrom(pb.Budget(**fields))  # type: ignore[arg-type]
    return message


def use(team: str = "search", *, time: Micros = NOW, tenant_id: str = "acme", **fields: str) -> UsageEvent:
    return UsageEvent(tenant_id=tenant_id, team=team, time_unix_micros=time, **fields)  # type: ignore[arg-type]
