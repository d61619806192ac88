"""Sums through crashes, moves and rebuilds: the cases that took a search to find, one by one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED

from services.budget.domain.mirror import Entry
from services.budget.domain.sums import Position
from services.common import money
from services.common.clock import DAY
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch
from services.common.kafka.topics import COSTS
from tests.unit.budget.process import Process
from tests.unit.budget.world import NOW, Crashed, Stored, World, monthly, use


async def started(world: World, *, scope_filter: str = "") -> Process:
    process = Process(world)
    await process.create("b", monthly("100", scope_filter))
    await process.assign()
    await process.settle_down()
    return process


async def again(world: World) -> Process:
    """The next process, after the one before it was killed."""
    world.writes_until_crash = None
    process = Process(world)
    await process.assign()
    return process


def actual(process: Process, budget_id: str = "b", tenant_id: str = "acme") -> int:
    status = process.status(budget_id, tenant_id)
    assert not status.rebuilding
    return money.from_proto(status.actual)


@pytest.mark.parametrize("writes", range(4))
async def test_a_crash_between_any_two_writes_changes_nothing(writes: int) -> None:
    world = World()
    process = await started(world)
    world.spend(0, use(), 5)
    world.spend(1, use(), 7)
    world.writes_until_crash = writes
    for partition in (0, 1):
        try:
            await process.consume(partition, 10)
        except Crashed:
            break
    process = await again(world)
    await process.consume_all()
    assert actual(process) == 12


async def test_spend_of_before_the_budget_of_other_tenants_and_of_other_months() -> None:
    world = World()
    world.earlier_lives = [
        CostRecord(usage=use(), cost_delta_picos=1_000),
        CostRecord(usage=use("ads"), cost_delta_picos=1),
    ]
    process = Process(world)
    await process.assign()
    world.spend(0, use(), 5)
    world.spend(0, use("ads"), 50)
    world.spend(1, use(tenant_id="globex"), 500)
    world.spend(1, use(time=NOW - 30 * DAY), 5_000)
    await process.consume_all()
    await process.create("b", monthly("100", 'team = "search"'))
    await process.create("b", monthly("100"), "globex")
    assert process.status("b").rebuilding
    world.spend(0, use(), 7)
    await process.consume_all()
    await process.settle_down()
    assert actual(process) == 1_012
    assert actual(process, tenant_id="globex") == 500


async def test_a_rebuild_waits_for_the_ledger_and_is_asked_once() -> None:
    world = World()
    process = Process(world)
    await process.assign()
    world.spend(0, use(), 5)
    await process.consume_all()
    await process.create("b", monthly())
    assert await process.full_pass() > 0
    assert process.status("b").rebuilding
    world.ledger_away = True
    with pytest.raises(UnavailableError):
        await process.full_pass()
    world.ledger_away = False
    world.ledger_writes_everything()
    assert await process.full_pass() == 0
    assert actual(process) == 5
    queries = world.ledger_queries
    process = await again(world)
    assert await process.full_pass() == 0
    assert actual(process) == 5
    assert world.ledger_queries == queries


async def test_a_partition_without_state_goes_on_where_the_ledger_ends() -> None:
    world = World()
    world.spend(0, use(), 5, usage_offset=40)
    world.spend(0, use(), 6, usage_offset=50)
    world.ledger_writes_everything()
    world.begins[0] = 2
    world.spend(0, use(), 100, usage_offset=45)  # A superseded rater's: what shows it is in the ledger alone.
    process = Process(world)
    await process.create("b", monthly())
    await process.assign()
    await process.full_pass()
    await process.consume_all()
    assert actual(process) == 11


async def test_sums_saved_before_a_cut_in_the_log_do_not_come_back() -> None:
    world = World()
    process = await started(world)
    saved = list(world.state)
    for cost in (1, 20, 300):
        world.spend(0, use(), cost)
    world.ledger_writes_everything()
    await process.consume_all()
    world.state[:] = saved  # As an outage longer than the retention leaves it.
    world.begins[0] = 2
    world.spend(0, use(), 4_000)
    process = await again(world)
    await process.consume_all()
    process = await again(world)
    await process.settle_down()
    assert actual(process) == 4_321


async def test_a_filter_changed_there_and_back_between_two_passes_loses_nothing() -> None:
    world = World()
    process = await started(world)
    await process.definitions.update("acme", monthly(scope_filter='team = "ads"', name="budgets/b"), ["filter"])
    world.spend(0, use(), 5)
    await process.consume_all()
    await process.definitions.update("acme", monthly(name="budgets/b"), ["filter"])
    await process.settle_down()
    assert actual(process) == 5


async def test_a_straggler_does_not_win_even_after_compaction() -> None:
    world = World()
    process = await started(world)
    world.spend(0, use(), 5)
    world.spend(0, use(), 7)
    straggler, process = process, await again(world)
    await process.consume_all()
    world.writes_until_crash = 1  # Its sum is written, its position is not.
    with pytest.raises(Crashed):
        await straggler.consume(0, 1)
    world.writes_until_crash = None
    await process.full_pass()
    world.compact()
    process = await again(world)
    await process.consume_all()
    assert actual(process) == 12


async def test_a_lost_state_topic_is_rebuilt() -> None:
    world = World()
    process = await started(world)
    world.spend(0, use(), 5)
    await process.settle_down()
    world.lose_state()
    process = await again(world)
    world.spend(1, use(), 7)
    await process.settle_down()
    assert actual(process) == 12


async def test_the_turn_of_the_month_needs_no_rebuild() -> None:
    world = World()
    process = await started(world)
    world.spend(0, use(), 5)
    await process.consume_all()
    world.clock.advance(9 * DAY)
    world.spend(0, use(time=world.clock.now()), 7)
    await process.consume_all()
    assert actual(process) == 7


async def test_a_deleted_budgets_state_is_dropped() -> None:
    world = World()
    process = await started(world)
    await process.definitions.delete("acme", "budgets/b", "")
    await process.full_pass()
    world.compact()
    left = [key for key, value in world.state if value is not None and not key.startswith(b"owner/")]
    assert left == [b"progress/0", b"progress/1"]


async def test_reported_cost_is_not_spend_and_revisions_add_their_deltas() -> None:
    world = World()
    process = await started(world)
    reported = use()
    reported.measurement = MEASUREMENT_REPORTED
    world.spend(0, reported, 1_000)
    world.spend(0, use(), 9, shadow=4)
    world.spend(0, use(), -2, shadow=-4)
    await process.consume_all()
    assert actual(process) == 7
    assert money.from_proto(process.status("b").shadow) == 0


async def test_poison_is_rejected_and_the_rest_counts() -> None:
    world = World()
    process = await started(world)
    good = world.spend(0, use(), 5).SerializeToString()
    batch = Batch(
        [
            Stored(COSTS, 0, 0, b"\xff\xff"),
            Stored(COSTS, 0, 1, None),
            Stored(COSTS, 0, 2, good),
            Stored(COSTS, 0, 3, CostRecord(usage=use()).SerializeToString()),
        ]
    )
    await process.accounts.process(batch)
    assert [rejection.record.offset for rejection in batch.rejections] == [0, 1, 3]
    assert actual(process) == 5
    assert process.accounts.owned[0].position == Position(3, 0)


async def test_another_replica_answers_for_partitions_it_does_not_own() -> None:
    world = World()
    one, two = Process(world), Process(world)
    await one.create("b", monthly())
    await one.assign([0])
    await two.assign([1])
    world.spend(0, use(), 5)
    world.spend(1, use(), 7)
    await one.settle_down()
    await two.settle_down()
    await one.settle_down()
    assert actual(one) == actual(two) == 12


async def test_many_sums_that_are_rebuilt_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write waits for Kafka: one after the other, ten thousand budgets took eight minutes."""
    process = Process(World())
    for number in range(60):
        await process.create(f"b{number}", monthly("100", f'team = "team-{number}"'))
    await process.assign()
    writes: list[int] = []
    append = process.journal.append

    async def counting(entries: Sequence[Entry]) -> None:
        writes.append(len(entries))
        await append(entries)

    monkeypatch.setattr(process.journal, "append", counting)
    await process.settle_down()
    assert not any(process.status(f"b{number}").rebuilding for number in range(60))
    assert sum(writes) >= 60 * 3, "each budget's windows in two partitions and other lives of the log"
    assert len(writes) < 20
