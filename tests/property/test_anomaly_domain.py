"""What holds for any stream of costs."""

from __future__ import annotations

import math

from finops.cost.v1.cost_pb2 import CostRecord
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Cell, Reader, Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import LogClock, Patience, Watermark
from services.anomaly.domain.words import dollars
from services.common.clock import DAY, MINUTE, SECOND
from services.common.money import from_proto
from tests.unit.anomaly.series import drain
from tests.unit.anomaly.stream import cost_of

T = 20_000 * DAY

costs = st.builds(
    cost_of,
    st.builds(
        Cell, st.sampled_from(["acme", "globex"]), st.integers(480_000, 480_003),
        st.tuples(*[st.sampled_from(["", "a", "b"])] * 8),
    ),
    st.builds(Totals, st.integers(-(2**62), 2**62), st.integers(-1_000, 1_000), st.just(1)),
    st.integers(0, 10),
)  # fmt: skip


@given(st.lists(costs, max_size=30), st.data())
def test_sums_do_not_depend_on_batches_or_order(records: list[CostRecord], data: st.DataObject) -> None:
    reader = Reader(["team", "project", "key", "tool", "provider", "model", "source"])
    whole = dict(reader.tally(records))
    shuffled = data.draw(st.permutations(records))
    cut = data.draw(st.integers(0, len(records)))
    parts = dict(reader.tally(shuffled[:cut]))
    for cell, totals in reader.tally(shuffled[cut:]).items():
        parts[cell] = parts[cell].plus(totals) if cell in parts else totals
    assert parts == whole


hours = st.lists(
    st.dictionaries(
        st.sampled_from(["a", "b", ""]), st.tuples(st.integers(-(10**15), 10**17), st.integers(-50, 5_000)), max_size=3
    ),
    min_size=1, max_size=60,
)  # fmt: skip


def _watch(weeks: list[dict[str, tuple[int, int]]], split: int) -> list[Transition]:
    """Repeats the hours for a month, so that baselines are there to be upset; closes `split` hours at a time."""
    watch = TenantWatch("acme", Policy())
    told: list[Transition] = []
    for n in range(31 * 24):
        for team, (cost, requests) in weeks[n * n % len(weeks)].items():
            watch.add(
                480_000 + n, (Series("team", team), Series("source", team)), Totals(cost, requests, max(0, requests))
            )
        if n % split == split - 1:
            told += drain(watch.close_through(480_000 + n))
    return told + drain(watch.close_through(480_000 + 31 * 24))


# Not shrunk: an example takes two seconds.
@settings(max_examples=5, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(hours, st.integers(2, 200))
def test_any_hours_are_judged_and_how_many_at_once_changes_nothing(
    weeks: list[dict[str, tuple[int, int]]], split: int
) -> None:
    told = _watch(weeks, 1)
    assert told == _watch(weeks, split)
    open_now: set[str] = set()
    for transition in told:
        anomaly = transition.anomaly
        assert anomaly.summary
        assert anomaly.start_unix_micros < anomaly.end_unix_micros
        from_proto(anomaly.impact)
        for figure in (anomaly.actual, anomaly.expected, anomaly.expected_low, anomaly.expected_high):
            assert math.isfinite(figure)
        if transition.type == 1:
            assert anomaly.name not in open_now
            open_now.add(anomaly.name)
        assert anomaly.name in open_now, "updated or closed without having been opened"
        if transition.type == 3:
            open_now.remove(anomaly.name)


reads = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50)), max_size=60)


@given(reads, st.data())
def test_a_watermark_does_not_depend_on_which_partition_is_read_first(
    appends: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Each append comes a second after the last; its event is up to 50 minutes old."""
    by_partition = {p: [(T + n * SECOND, age) for n, (q, age) in enumerate(appends) if q == p] for p in range(3)}
    end = T + len(appends) * SECOND
    marks = []
    for order in (list(range(3)), data.draw(st.permutations(range(3)))):
        clock, mark = LogClock(range(3)), Watermark(range(3), Patience(), T)
        for partition in order:
            for appended, age in by_partition[partition]:
                clock.read(partition, appended)
                mark.saw(partition, appended - age * MINUTE, appended)
            clock.caught_up(partition, end)
        assert clock.now() == end
        marks.append(mark.at(end))
    assert marks[0] == marks[1]


@given(st.floats(0, 1e15, allow_nan=False))
def test_dollars_are_short(amount: float) -> None:
    assert dollars(amount).startswith("$")
    assert len(dollars(amount)) <= 22
