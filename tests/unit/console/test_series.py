"""Stacks, changes and movers."""

from __future__ import annotations

from finops.ledger.v1.ledger_pb2 import CostRow

from services.common import money
from services.console.domain.series import NONE, OTHER, changes, label, movers, stack


def row(group: str, amount: int, time: int = 0) -> CostRow:
    return CostRow(group=[group], time_unix_micros=time, cost=money.to_proto(amount))


def test_beyond_the_largest_the_rest_is_other_and_nothing_is_lost() -> None:
    rows = [row(name, amount, time) for time in (0, 10) for name, amount in
            (("a", 50), ("b", 40), ("c", 3), ("d", 2), ("", 1))]  # fmt: skip
    stacked = stack(rows, [0, 10], 3)
    assert stacked.amounts == {"a": [50, 50], "b": [40, 40], OTHER: [6, 6]}


def test_as_many_groups_as_fit_are_kept_as_they_are() -> None:
    stacked = stack([row("a", 1), row("", 2)], [0], 2)
    assert stacked.amounts == {NONE: [2], "a": [1]}


def test_a_bucket_without_spend_is_zero_and_an_unknown_time_counts_at_the_one_before() -> None:
    stacked = stack([row("a", 5, 25), row("a", 7, -3)], [0, 10, 20], 5)
    assert stacked.amounts == {"a": [7, 0, 5]}


def test_nothing_is_an_empty_stack() -> None:
    assert stack([], [0, 10], 3).amounts == {}


def test_changes_hold_groups_of_either_period() -> None:
    found = changes([row("a", 10), row("b", 4), row("b", 1)], [row("a", 8), row("gone", 3)])
    assert [(c.group, c.now, c.before, c.ratio) for c in found] == [
        (("a",), 10, 8, 0.25),
        (("b",), 5, 0, None),
        (("gone",), 0, 3, -1.0),
    ]


def test_movers_are_ranked_by_dollars_in_either_direction() -> None:
    found = movers([row("up", 10), row("same", 99), row("down", 0)], [row("same", 99), row("down", 30)], 2)
    assert [(c.group[0], c.difference) for c in found] == [("down", -30), ("up", 10)]


def test_labels() -> None:
    assert label(["search", ""]) == f"search · {NONE}"
    assert label([]) == "Total"
