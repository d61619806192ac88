"""Whatever is delivered, crashes, is delivered again, moves or is lost: sums equal a naive sum, and each alert exists
once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.budget.domain.intents import intent_of
from services.budget.domain.thresholds import Event, key_of
from services.budget.domain.tracking import Tracked
from services.budget.handlers.statuses import still
from services.common import money
from services.common.clock import DAY
from tests.unit.budget.process import Process
from tests.unit.budget.world import NOW, Crashed, World, monthly, use

FILTERS = (
    "",
    'team = "search"',
    'team = "ads" AND model = "gpt-4o"',
    'team = "search" OR team = "ads"',
    'NOT team = "ads"',
)
DOLLAR = 10**12
ASKED = 3
"""Times in a row: what is remembered is put together from what was remembered before."""
INTENTS = [
    pb.SpendIntent(dimensions={"team": team, "model": "gpt-4o"}, estimate=money.to_proto(5 * DOLLAR))
    for team in ("search", "ads")
]
MEMBERS = ("search", "ads", "nobody")

partitions = st.integers(0, 1)
crashes = st.none() | st.integers(0, 5)
"""How many writes an action gets done before the process ends."""


def lately() -> pb.Budget:
    """A budget of the last five days."""
    rolling = pb.RollingWindow(unit=pb.RollingWindow.UNIT_DAY, count=5)
    message = monthly("20", rolling_window=rolling, time_zone="Europe/Berlin")
    message.period = pb.PERIOD_ROLLING
    return message


class Crashes(RuleBasedStateMachine):
    """A world in which one process after the other serves all partitions of the cost log."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.process = Process(self.world)

    def teardown(self) -> None:
        self.do_settle()
        self.loop.close()

    def run(self, work: Awaitable[object], crash: int | None = None) -> None:
        """Runs to the end, or crashes after so many writes; a crashed process is followed by a new one."""
        self.world.writes_until_crash = crash
        try:
            self.loop.run_until_complete(work)
        except Crashed:
            self.restart()
        self.world.writes_until_crash = None

    def restart(self) -> None:
        self.world.writes_until_crash = None
        self.process = Process(self.world)
        self.loop.run_until_complete(self.process.assign())

    @initialize(filters=st.lists(st.sampled_from(FILTERS), min_size=1, max_size=2))
    def begin(self, filters: list[str]) -> None:
        self.world.earlier_lives = [CostRecord(usage=use("search"), cost_delta_picos=3 * DOLLAR)]
        for number, scope_filter in enumerate(filters):
            self.run(self.process.create(f"b{number}", monthly("20", scope_filter)))
        self.run(self.process.create("child", monthly("20", 'model = "gpt-4o"', parent="budgets/b0", per="team")))
        self.run(self.process.create("lately", lately()))
        self.restart()
        self.run(self.process.full_pass())

    @rule(
        partition=partitions,
        team=st.sampled_from(["search", "ads"]),
        model=st.sampled_from(["gpt-4o", "other"]),
        cost=st.integers(0, 9 * DOLLAR),
        shadow=st.sampled_from([0, 0, DOLLAR]),
        days=st.sampled_from([0, 0, 0, -1, -3, -30, 9]),
        superseded=st.booleans(),
    )
    def spend(self, partition: int, team: str, model: str, cost: int, shadow: int, days: int, superseded: bool) -> None:
        self.record(
            partition, use(team, model=model, time=self.world.clock.now() + days * DAY), cost, shadow, superseded
        )

    def record(self, partition: int, usage: UsageEvent, cost: int, shadow: int = 0, superseded: bool = False) -> None:
        highest = max((r.usage_position.offset for r in self.world.costs[partition]), default=0)
        self.world.spend(partition, usage, cost, shadow, usage_offset=highest if superseded else highest + 2)

    @rule(partition=partitions, records=st.integers(1, 6), again=st.integers(0, 5), crash=crashes)
    def consume(self, partition: int, records: int, again: int, crash: int | None) -> None:
        self.run(self.process.consume(partition, records, again), crash)

    @rule(partition=partitions, costs=st.lists(st.integers(0, 9 * DOLLAR), min_size=1, max_size=3), crash=crashes)
    def spend_and_consume(self, partition: int, costs: list[int], crash: int | None) -> None:
        self.spend_now(partition, costs)
        self.run(self.process.consume(partition, 10**6), crash)

    def spend_now(self, partition: int, costs: list[int]) -> None:
        for cost in costs:
            self.record(partition, use("search", time=self.world.clock.now()), cost)

    @rule()
    def crash_now(self) -> None:
        self.restart()

    @rule(crash=crashes)
    def rebuild(self, crash: int | None) -> None:
        self.run(self.process.full_pass(), crash)

    @rule(crash=crashes)
    def rebuild_on_demand(self, crash: int | None) -> None:
        self.run(self.process.rebuilder.restart(self.process.catalog.of_tenant("acme")), crash)

    @rule(crash=crashes)
    def reconcile(self, crash: int | None) -> None:
        self.world.ledger_writes_everything()
        self.run(self.reconcile_all(), crash)

    async def reconcile_all(self) -> None:
        found = await self.process.reconciler.reconcile(self.process.catalog.of_tenant("acme"), repair=True)
        assert not found.drifts

    @rule(days=st.sampled_from([1, 1, 7]))
    def time_passes(self, days: int) -> None:
        """Windows turn; at most to the end of the next month."""
        if self.world.clock.now() < NOW + 30 * DAY:
            self.world.clock.advance(days * DAY)

    @rule(crash=crashes)
    def alert(self, crash: int | None) -> None:
        self.run(self.process.alerting.run(), crash)

    @rule(behind=st.integers(0, 4))
    def ledger_writes(self, behind: int) -> None:
        for partition, log in self.world.costs.items():
            reached = self.world.ledger_offsets.get(partition, -1)
            self.world.ledger_offsets[partition] = max(reached, len(log) - 1 - behind)

    @rule(scope_filter=st.sampled_from(FILTERS))
    def change_a_filter(self, scope_filter: str) -> None:
        message = monthly("20", scope_filter, name="budgets/b0")
        self.run(self.process.definitions.update("acme", message, ["filter"]))

    @precondition(lambda self: "late" not in {budget for _, budget in self.world.budgets})
    @rule(scope_filter=st.sampled_from(FILTERS))
    def create_a_budget_late(self, scope_filter: str) -> None:
        self.run(self.process.create("late", monthly("5", scope_filter)))

    @rule()
    def lose_the_state_topic(self) -> None:
        self.world.lose_state()
        self.restart()

    @rule()
    def compact_the_state_topic(self) -> None:
        # Compaction leaves the newest segment alone, so that what a straggler wrote is repaired before it counts.
        self.run(self.process.full_pass())
        self.world.compact()

    @rule(
        partition=partitions,
        costs=st.lists(st.integers(0, 9 * DOLLAR), min_size=1, max_size=4),
        seen=st.integers(1, 3),
        crash=crashes,
    )
    def a_straggler_writes_after_its_partition_moved(
        self, partition: int, costs: list[int], seen: int, crash: int | None
    ) -> None:
        self.spend_now(partition, costs)
        straggler, self.process = self.process, Process(self.world)
        self.run(self.process.assign())
        self.run(self.process.consume_all())
        self.world.writes_until_crash = crash
        with contextlib.suppress(Crashed):
            self.loop.run_until_complete(straggler.consume(partition, seen))
        self.world.writes_until_crash = None

    @rule(cut=st.integers(0, 5), partition=partitions)
    def retention_cuts_the_log_during_an_outage(self, cut: int, partition: int) -> None:
        """Only what the ledger has written, as anything else would be lost for everybody."""
        written = self.world.ledger_offsets.get(partition, -1) + 1
        self.world.begins[partition] = max(self.world.begins[partition], min(cut, written))
        self.restart()

    @invariant()
    def a_status_is_told_as_if_nothing_were_remembered(self) -> None:
        statuses = self.process.statuses
        for tracked in self.process.catalog.all():
            for member in (None, *self.process.standings.names(tracked, self.world.clock.now())):
                assert still(statuses.status(tracked, member)) == still(statuses.anew(tracked, member))

    @invariant()
    def a_check_is_answered_as_if_nothing_were_remembered(self) -> None:
        for message in INTENTS:
            intent = intent_of("acme", message)
            decided = self.process.deciding.decide("acme", intent)[0]
            for _ in range(ASKED):
                assert self.process.deciding.check("acme", message) == decided

    @invariant()
    def the_whole_tells_of_its_members_as_they_are(self) -> None:
        tracked = self.process.catalog.get("acme", "child")
        if tracked is None:
            return
        members = self.process.standings.members(tracked, self.world.clock.now()).values()
        status = self.process.status("child")
        assert status.members == sum(1 for member in members if member.spend)
        assert status.used_ratio == max((member.used_ratio for member in members), default=0)

    @invariant()
    def no_alert_twice(self) -> None:
        assert all(n == 1 for n in Counter(alert.alert_id for alert in self.world.alerts).values())

    @rule()
    def do_settle(self) -> None:
        self.run(self.process.settle_down())
        now = self.world.clock.now()
        for (tenant_id, budget_id), budget in self.world.budgets.items():
            tracked = self.process.tracked(budget_id, tenant_id)
            assert tracked.filter == self.filter_of(budget_id)
            for member in MEMBERS if budget.terms.per else [None]:
                for window in (tracked.current(now), tracked.next):
                    standing = self.process.standings.within(tracked, window, now, member)
                    assert standing.complete
                    assert (standing.actual, standing.shadow) == self.world.naive(tracked, window, member)
                self.check_alerts(tracked, member)

    def filter_of(self, budget_id: str) -> str:
        terms = self.world.budgets["acme", budget_id].terms
        parts = [self.filter_of(terms.parent)] if terms.parent else []
        parts = [part for part in (*parts, terms.filter) if part]
        return " AND ".join(f"({part})" if " OR " in part and len(parts) > 1 else part for part in parts)

    def check_alerts(self, tracked: Tracked, member: str | None) -> None:
        now, budget = self.world.clock.now(), tracked.budget
        window = tracked.current(now)
        spend = sum(self.world.naive(tracked, window, member))
        fired = {alert.alert_id for alert in self.world.alerts}
        for each in budget.terms.rules:
            if spend * 100 >= budget.terms.amount * each.percent and spend > 0:
                assert key_of(budget, window, each, member).alert_id(1, Event.FIRED) in fired


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=70, stateful_step_count=40)


@given(
    batches=st.lists(st.lists(st.integers(1, 30), max_size=6), max_size=6),
    crash_after=st.integers(0, 60),
)
def test_spend_split_over_two_processes_adds_up(batches: list[list[int]], crash_after: int) -> None:
    async def story() -> None:
        world = World()
        one, two = Process(world), Process(world)
        await one.create("all", monthly("50"))
        await one.assign([0])
        await two.assign([1])
        total = 0
        world.writes_until_crash = crash_after
        for batch in batches:
            for partition, dollars in enumerate(batch):
                world.spend(partition % 2, use(), dollars * DOLLAR)
                total += dollars * DOLLAR
            with contextlib.suppress(Crashed):
                await one.consume_all()
                await two.consume_all()
        world.writes_until_crash = None
        one, two = Process(world), Process(world)
        await one.assign([1])
        await two.assign([0])
        for process in (one, two, one, two):
            await process.settle_down()
        for process in (one, two):
            await process.journal.caught_up()
            status = process.status("all")
            assert not status.rebuilding
            assert money.from_proto(status.actual) == total
        ids = [alert.alert_id for alert in world.alerts]
        assert len(ids) == len(set(ids)) == sum(total * 100 >= 50 * DOLLAR * percent for percent in (50, 80, 100))

    asyncio.run(story())
