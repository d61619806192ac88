"""What holds for the decomposition of any two sets of use."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from services.anomaly.domain.cause.compared import Compared, Slice
from services.anomaly.domain.cause.exact import apportion
from services.anomaly.domain.cause.explain import Difference, explain
from services.anomaly.domain.series import Totals
from services.common.money import from_proto

DIMENSIONS = ("provider", "model", "user", "key")

totals = st.builds(
    Totals,
    st.one_of(st.integers(-(10**6), 10**6), st.integers(-(10**20), 10**20)),
    st.one_of(st.just(0), st.integers(-5, 10**9)),
    st.integers(0, 100),
    st.one_of(st.just(0), st.integers(-(10**4), 10**12)),
    st.integers(0, 10**12),
    st.one_of(st.just(0), st.integers(0, 10**12)),
)
slices = st.lists(
    st.builds(
        Slice, st.tuples(*[st.sampled_from(["", "a", "b", "c"])] * len(DIMENSIONS)), totals,
        st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
)  # fmt: skip
comparisons = st.builds(Compared, st.just(DIMENSIONS), st.integers(1, 4), slices, slices)


@given(comparisons, st.booleans())
def test_parts_add_up_to_the_picodollar(compared: Compared, known: bool) -> None:
    difference = Difference.of(compared)
    cause = explain(difference, difference.cells if known else ())
    spent = sum(one.totals.cost for one in compared.actual)
    assert from_proto(cause.actual) == spent
    assert sum(from_proto(part.amount) for part in cause.parts) == spent - from_proto(cause.usual)
    by_dimension: dict[str, list[str]] = {}
    for driver in cause.drivers:
        assert math.isfinite(driver.explained_share)
        by_dimension.setdefault(driver.dimension, []).append(driver.value)
    assert all(len(set(values)) == len(values) for values in by_dimension.values())


@given(comparisons, st.data())
def test_the_order_of_rows_changes_nothing(compared: Compared, data: st.DataObject) -> None:
    actual, usual = (data.draw(st.permutations(rows)) for rows in (compared.actual, compared.usual))
    shuffled = Compared(compared.dimensions, compared.weeks, actual, usual)
    assert explain(Difference.of(shuffled)) == explain(Difference.of(compared))


@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=9))
def test_rounded_parts_add_up_and_stay_close(parts: list[float]) -> None:
    total = round(math.fsum(parts))
    whole = apportion(parts, total)
    assert sum(whole) == total
    assert all(abs(amount - part) <= 1 for amount, part in zip(whole, parts, strict=True))


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=9), st.integers(-(10**30), 10**30))
def test_rounded_parts_add_up_to_whatever_is_asked(parts: list[float], total: int) -> None:
    assert sum(apportion(parts, total)) == total
