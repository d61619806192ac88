"""The rater: each event once, whatever is resent, revised, restarted or away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from finops.cost.v1.cost_pb2 import CostRecord

from services.common.clock import DAY, HOUR, MINUTE
from services.common.errors import UnavailableError
from services.common.kafka.record import Partition
from services.pricing.domain.rating import Pricer
from tests.unit.pricing.events import NOON, recorded
from tests.unit.pricing.harness import COSTS, Bench

TOKEN = 2_500_000
"""Picodollars of one input token of gpt-4o."""


@pytest.fixture
async def bench(pricer: Pricer) -> Bench:
    made = Bench(pricer)
    await made.assign()
    return made


def summary(records: Sequence[CostRecord]) -> list[tuple[str, int, int]]:
    return [(r.usage.source_event_id, r.revision, r.cost_delta_picos) for r in records]


async def test_an_event_becomes_one_cost_in_its_own_partition(bench: Bench) -> None:
    bench.logs.send(recorded("a", input_tokens=10, requests=1))
    await bench.run()
    (cost,) = bench.logs.costs()
    assert summary([cost]) == [("a", 1, 10 * TOKEN)]
    assert cost.quantity_delta.input_tokens == 10
    assert (cost.usage_position.incarnation, cost.usage_position.partition, cost.usage_position.offset) == ("one", 0, 0)
    assert bench.logs.records[Partition(COSTS, 0)][0].headers == [("traceparent", b"00-trace")]


async def test_a_resend_changes_nothing(bench: Bench) -> None:
    event = recorded("a", input_tokens=10)
    bench.logs.send(event, event)
    await bench.run()
    bench.logs.send(event)
    await bench.run()
    await bench.restart()
    bench.logs.send(event)
    await bench.run()
    assert summary(bench.logs.costs()) == [("a", 1, 10 * TOKEN)]
    assert bench.tally.duplicates == 3


async def test_new_content_is_a_revision_that_carries_the_difference(bench: Bench) -> None:
    bench.logs.send(
        recorded("a", content="1", input_tokens=10, output_tokens=4),
        recorded("a", content="2", input_tokens=7, output_tokens=4, time=NOON + HOUR),
    )
    await bench.run()
    first, second = bench.logs.costs()
    assert (second.revision, second.cost_delta_picos) == (2, -3 * TOKEN)
    assert (second.quantity_delta.input_tokens, second.quantity_delta.output_tokens) == (-3, 0)
    assert second.usage.quantities.input_tokens == 7
    assert second.usage.time_unix_micros == first.usage.time_unix_micros == NOON


async def test_a_revision_that_gets_a_price_takes_the_unpriced_event_back(bench: Bench) -> None:
    bench.logs.send(
        recorded("a", content="1", model="no-such-model", input_tokens=1_000_000),
        recorded("a", content="2", model="gpt-4o", input_tokens=1_000_000),
    )
    await bench.run()
    first, second = bench.logs.costs()
    assert (first.unpriced_events_delta, second.unpriced_events_delta) == (1, -1)
    assert (first.shadow_cost_delta_picos, second.shadow_cost_delta_picos) == (3 * 10**12, -3 * 10**12)
    assert (first.cost_delta_picos, second.cost_delta_picos) == (0, 1_000_000 * TOKEN)


async def test_an_estimate_after_the_final_record_is_ignored(bench: Bench) -> None:
    bench.logs.send(
        recorded("a", content="partial", input_tokens=5, estimated=True),
        recorded("a", content="final", input_tokens=10),
        recorded("a", content="late partial", input_tokens=6, estimated=True),
    )
    await bench.run()
    assert summary(bench.logs.costs()) == [("a", 1, 5 * TOKEN), ("a", 2, 5 * TOKEN)]
    assert bench.tally.superseded == 1


async def test_poison_is_rejected_by_reason_and_the_rest_goes_on(bench: Bench) -> None:
    bench.logs.append_raw("usage", 0, b"\xff\xff\xff")
    nameless, keyless = recorded("n", input_tokens=1), recorded("k", input_tokens=1)
    nameless.tenant_id = ""
    keyless.event_key = b"short"
    bench.logs.send(nameless, keyless, recorded("negative", input_tokens=-1), recorded("a", input_tokens=1))
    await bench.run()
    assert bench.rejected == [(0, "undecodable"), (1, "malformed"), (2, "malformed"), (3, "unpriceable")]
    assert summary(bench.logs.costs()) == [("a", 1, TOKEN)]


async def test_costs_written_but_not_acknowledged_are_not_written_again(bench: Bench) -> None:
    """Nor does a crash between the write and the commit count anything twice."""
    bench.logs.send(recorded("a", input_tokens=1), recorded("b", input_tokens=2))
    bench.logs.fail_appends = 1
    with pytest.raises(UnavailableError):
        await bench.run()
    await bench.assign()
    await bench.run()
    bench.logs.send(recorded("c", input_tokens=3), recorded("a", content="2", input_tokens=9))
    await bench.run(commit=False)
    await bench.restart()
    await bench.run()
    assert summary(bench.logs.costs()) == [
        ("a", 1, TOKEN), ("b", 1, 2 * TOKEN), ("c", 1, 3 * TOKEN), ("a", 2, 8 * TOKEN),
    ]  # fmt: skip
    assert len(bench.logs.records[Partition(COSTS, 0)]) == 4


async def test_the_window_is_not_read_again_where_nobody_wrote(bench: Bench) -> None:
    bench.logs.send(recorded("a", input_tokens=1))
    await bench.run()
    read = bench.logs.tails_read
    bench.pricing.away = True
    bench.logs.send(recorded("b", input_tokens=1))
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await bench.run()
        await bench.assign()
    assert bench.logs.tails_read == read
    bench.pricing.away = False
    await bench.run()
    assert summary(bench.logs.costs()) == [("a", 1, TOKEN), ("b", 1, TOKEN)]


async def test_a_cost_log_that_ends_before_what_was_written_to_it_is_waited_for(bench: Bench) -> None:
    """Its new leader has not caught up: a window read now would lack keys, and what is resent would count twice."""
    partition = Partition(COSTS, 0)
    bench.logs.send(recorded("a", input_tokens=1), recorded("b", input_tokens=2))
    await bench.run()
    whole = bench.logs.records[partition]
    bench.logs.records[partition] = whole[:1]
    for _ in range(2):
        with pytest.raises(UnavailableError, match="ends at offset 1, but offset 1 was written"):
            await bench.assign()
    bench.logs.records[partition] = whole
    await bench.assign()
    bench.logs.send(recorded("b", input_tokens=2))
    await bench.run()
    assert summary(bench.logs.costs()) == [("a", 1, TOKEN), ("b", 1, 2 * TOKEN)]


async def test_a_cost_log_that_lost_records_for_good_is_taken_as_it_is_after_a_restart(bench: Bench) -> None:
    bench.logs.send(recorded("a", input_tokens=1), recorded("b", input_tokens=2))
    await bench.run()
    del bench.logs.records[Partition(COSTS, 0)][1:]
    await bench.restart()
    bench.logs.send(recorded("c", input_tokens=3))
    await bench.run()
    assert summary(bench.logs.costs())[0] == ("a", 1, TOKEN)
    assert summary(bench.logs.costs())[-1] == ("c", 1, 3 * TOKEN)


async def test_an_old_key_is_asked_of_the_ledger(pricer: Pricer) -> None:
    """The window holds a few of the last events; the ledger knows the rest."""
    bench = Bench(pricer, window_records=4)
    await bench.assign()
    events = [recorded(str(number), time=NOON - 2 * DAY, input_tokens=number + 1) for number in range(12)]
    bench.ledger.write()
    for event in events:
        bench.logs.send(event)
        bench.clock.advance(MINUTE)
        await bench.run()
        bench.ledger.write()
    bench.logs.send(*events, recorded("3", content="2", time=NOON - 2 * DAY, input_tokens=1))
    await bench.run()
    await bench.restart()
    bench.logs.send(*events)
    await bench.run()
    costs = summary(bench.logs.costs())
    assert costs[:12] == [(str(n), 1, (n + 1) * TOKEN) for n in range(12)]
    # The resent first content of 3 is a revision again: the last record of an event counts.
    assert costs[12:] == [("3", 2, -3 * TOKEN), ("3", 3, 3 * TOKEN)]


async def test_a_key_newer_than_the_window_is_new_without_asking(bench: Bench) -> None:
    bench.logs.send(recorded("a", time=NOON + 5 * MINUTE, input_tokens=1))
    bench.ledger.away = True
    await bench.run()
    assert len(bench.logs.costs()) == 1


@pytest.mark.parametrize("fields", [{"time": NOON + 5 * MINUTE - 1}, {"time": NOON + DAY, "time_inferred": True}])
async def test_without_the_ledger_what_may_be_old_waits(bench: Bench, fields: dict[str, int]) -> None:
    bench.logs.send(recorded("a", input_tokens=1, **fields))
    bench.ledger.away = True
    with pytest.raises(UnavailableError):
        await bench.run()
    assert not bench.logs.costs()
    bench.ledger.away = False
    await bench.assign()
    await bench.run()
    assert len(bench.logs.costs()) == 1


async def test_a_ledger_that_lags_behind_the_window_is_waited_for(pricer: Pricer) -> None:
    bench = Bench(pricer, window_records=2)
    await bench.assign()
    events = [recorded(str(number), time=NOON - DAY, input_tokens=1) for number in range(6)]
    for event in events[:2]:
        bench.logs.send(event)
        await bench.run()
    bench.logs.send(*events[2:])
    waited = 0
    while len(bench.logs.costs()) < 6:
        try:
            await bench.run(1)
        except UnavailableError as error:
            assert "has not written" in error.message
            waited += 1
            bench.ledger.write()
            await bench.assign()
    assert waited
    bench.ledger.write()
    bench.logs.send(*events)
    await bench.run()
    assert summary(bench.logs.costs()) == [(str(n), 1, TOKEN) for n in range(6)]


async def test_after_the_log_was_lost_the_ledger_still_knows(pricer: Pricer) -> None:
    """A new incarnation starts empty; what the journal sends again is not new."""
    bench = Bench(pricer)
    await bench.assign()
    event = recorded("a", input_tokens=10)
    bench.logs.send(event)
    await bench.run()
    bench.ledger.write()
    bench.logs.records.clear()
    bench.logs.committed.clear()
    bench.ledger.offsets.clear()
    bench.logs.incarnation = "two"
    await bench.restart()
    bench.logs.send(event, recorded("a", content="2", input_tokens=12))
    await bench.run()
    assert summary(bench.logs.costs()) == [("a", 2, 2 * TOKEN)]


async def test_partitions_do_not_mix(pricer: Pricer) -> None:
    bench = Bench(pricer, partitions=2)
    await bench.assign()
    bench.logs.send(recorded("a", input_tokens=1), number=0)
    bench.logs.send(recorded("b", input_tokens=1), recorded("b", input_tokens=1), number=1)
    await bench.run()
    assert [r.usage.source_event_id for r in bench.logs.costs(0)] == ["a"]
    assert [r.usage.source_event_id for r in bench.logs.costs(1)] == ["b"]
    assert bench.pricing.calls == 1


async def test_garbage_in_the_cost_log_is_passed_over(bench: Bench) -> None:
    bench.logs.send(recorded("a", input_tokens=1))
    await bench.run()
    bench.logs.append_raw(COSTS, 0, b"\xff\xff\xff")
    await bench.restart()
    bench.logs.send(recorded("a", input_tokens=1))
    await bench.run()
    assert len(bench.logs.records[Partition(COSTS, 0)]) == 2


async def test_a_late_write_of_another_rater_is_not_remembered(bench: Bench) -> None:
    """Its usage offset does not rise, so nobody downstream counts it; neither may the next rater."""
    bench.logs.send(recorded("a", content="1", input_tokens=1), recorded("a", content="2", input_tokens=2))
    await bench.run()
    late = CostRecord()
    late.CopyFrom(bench.logs.costs()[0])
    bench.logs.append_raw(COSTS, 0, late.SerializeToString())
    await bench.restart()
    bench.logs.send(recorded("a", content="2", input_tokens=2), recorded("a", content="3", input_tokens=5))
    await bench.run()
    assert summary(bench.logs.costs()) == [("a", 1, TOKEN), ("a", 2, TOKEN), ("a", 3, 3 * TOKEN)]


async def test_while_the_windows_hold_everything_the_ledger_is_not_asked(pricer: Pricer) -> None:
    """A fresh installation: one log, known from its first record. Once something is forgotten, it is."""
    bench = Bench(pricer, window_records=4)
    bench.ledger.sole = True
    await bench.assign()
    events = [recorded(str(n), input_tokens=1) for n in range(7)]
    bench.logs.send(*events[:2], events[0])
    await bench.run()
    assert (bench.ledger.asked, bench.tally.duplicates) == (0, 1)
    bench.logs.send(*events[2:])
    await bench.run()
    bench.ledger.write()
    bench.logs.send(*events)
    await bench.run()
    assert bench.ledger.asked > 0
    assert summary(bench.logs.costs()) == [(str(n), 1, TOKEN) for n in range(7)]
