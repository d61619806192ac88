"""Sketches of distinct values: exact where few, near where many, the same however they were put together."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.distinct_values import MOST, count, hashed, smallest


@given(st.lists(st.lists(st.integers(0, 2_000), max_size=400), max_size=5))
def test_parts_merge_to_the_whole_in_any_order(parts: list[list[int]]) -> None:
    whole = smallest(hashed(str(value)) for part in parts for value in part)
    merged: frozenset[int] = frozenset()
    for part in reversed(parts):
        merged = smallest([*merged, *smallest(hashed(str(value)) for value in part)])
    assert merged == whole
    different = len({value for part in parts for value in part})
    assert len(merged) == min(MOST, different)
    assert different >= MOST or count(merged) == different


@pytest.mark.parametrize("different", [0, 1, 255])
def test_few_are_counted_exactly(different: int) -> None:
    assert count(smallest(hashed(f"person-{n}@example.com") for n in range(different))) == different


@pytest.mark.parametrize("different", [1_000, 20_000])
def test_many_are_counted_within_a_fifth(different: int) -> None:
    for seed in range(20):
        found = count(smallest(hashed(f"{seed}-{n}") for n in range(different)))
        assert found == pytest.approx(different, rel=0.2)


def test_every_process_hashes_alike() -> None:
    asked = "from services.common.distinct_values import hashed; print(hashed('ann@example.com'))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert int(told.stdout) == hashed("ann@example.com")
