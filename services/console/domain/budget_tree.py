"""Nested budgets as a tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from finops.budget.v1.budget_pb2 import BudgetStatus


class Node(NamedTuple):
    """A budget in its place."""

    status: BudgetStatus
    level: int
    """0: it is within none that is shown."""
    parent: str
    """Name of the budget it is within; empty at level 0."""
    branch: bool
    """Whether others are within it."""


def tree(statuses: Sequence[BudgetStatus]) -> Sequence[Node]:
    """Each budget followed by those within it, siblings in the order given. One whose parent is not among them, because
    it was deleted a moment ago, stands at the top."""
    names = {status.budget.name for status in statuses}
    within: defaultdict[str, list[BudgetStatus]] = defaultdict(list)
    for status in statuses:
        within[status.budget.parent if status.budget.parent in names else ""].append(status)

    def walk(parent: str, level: int) -> Iterator[Node]:
        for status in within[parent]:
            name = status.budget.name
            yield Node(status, level, parent, name in within)
            if name in within:
                yield from walk(name, level + 1)

    return list(walk("", 0))
