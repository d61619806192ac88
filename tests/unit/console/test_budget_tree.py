"""Nested budgets as a tree."""

from __future__ import annotations

from finops.budget.v1.budget_pb2 import Budget, BudgetStatus

from services.console.domain.budget_tree import tree


def test_each_budget_is_followed_by_those_within_it() -> None:
    parents = {"ann": "team", "org": "", "alone": "deleted", "team": "org", "bob": "team", "other": "org"}
    found = tree([BudgetStatus(budget=Budget(name=name, parent=parent)) for name, parent in parents.items()])
    assert [(node.status.budget.name, node.level, node.parent, node.branch) for node in found] == [
        ("org", 0, "", True),
        ("team", 1, "org", True),
        ("ann", 2, "team", False),
        ("bob", 2, "team", False),
        ("other", 1, "org", False),
        ("alone", 0, "", False),
    ]
