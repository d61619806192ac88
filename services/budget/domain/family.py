"""Parents and children. A child counts only what its parent counts, so a budget's filter is its own and those of all
its ancestors. `per` changes nothing of that: it says for whom an amount holds, not what is counted.

The budgets of one tenant are given by id. A parent that is not among them counts as none: another replica may have
deleted it a moment ago.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from functools import lru_cache

from services.budget.domain.budget import Budget
from services.budget.domain.codec import NAME_PREFIX
from services.common.errors import FailedPreconditionError, InvalidArgumentError
from services.common.filters import FilterError, Or, parse

MAX_LEVELS = 5
_NAMED = 10
"""Children that an error names."""

Budgets = Mapping[str, Budget]
"""One tenant's, by id."""


def ancestors(budgets: Budgets, budget: Budget) -> Sequence[Budget]:
    """Its parent, the parent's parent and so on. Ends where it would go in a circle."""
    found: dict[str, Budget] = {}
    parent = budgets.get(budget.terms.parent)
    while parent is not None and parent.budget_id not in found and parent.budget_id != budget.budget_id:
        found[parent.budget_id] = parent
        parent = budgets.get(parent.terms.parent)
    return list(found.values())


def children(budgets: Budgets, budget_id: str) -> Sequence[Budget]:
    """Those whose parent it is, by id."""
    found = [budget for budget in budgets.values() if budget.terms.parent == budget_id]
    return sorted(found, key=lambda budget: budget.budget_id)


def descendants(budgets: Budgets, *budget_ids: str) -> Sequence[Budget]:
    """Their children and theirs, nearer ones first: whose effective filter changes with these budgets'."""
    by_parent: defaultdict[str, list[Budget]] = defaultdict(list)
    for budget in budgets.values():
        by_parent[budget.terms.parent].append(budget)
    found: dict[str, Budget] = {}
    waiting = deque(budget_ids)
    while waiting:
        for child in by_parent[waiting.popleft()]:
            if child.budget_id not in found:
                found[child.budget_id] = child
                waiting.append(child.budget_id)
    return list(found.values())


def levels_below(budgets: Budgets, budget_id: str) -> int:
    """Of the tree under a budget; 0: it has no children."""
    return max((len(_path(budgets, below, budget_id)) for below in descendants(budgets, budget_id)), default=0)


def effective_filter(budgets: Budgets, budget: Budget) -> str:
    """What a budget counts: its own filter and those of its ancestors, as one filter."""
    filters = [relative.terms.filter for relative in (*reversed(ancestors(budgets, budget)), budget)]
    parts = [text.strip() for text in filters if text.strip()]
    return " AND ".join(map(_operand, parts)) if len(parts) > 1 else "".join(parts)


def check_parent(budgets: Budgets, budget: Budget) -> None:
    """Whether a budget, new or changed, may stand where its parent puts it.

    Raises:
        InvalidArgumentError: no such parent, itself or a descendant, too many levels, or filters that are too long
            together.
    """
    parent = budget.terms.parent
    if parent:
        _check_place(budgets, budget)
    known = {**budgets, budget.budget_id: budget}
    levels = len(ancestors(known, budget)) + 1 + levels_below(known, budget.budget_id)
    if parent and levels > MAX_LEVELS:
        raise InvalidArgumentError.of(
            "budget.parent", f"at most {MAX_LEVELS} levels, under {NAME_PREFIX}{parent} these would be {levels}"
        )
    for relative in (budget, *descendants(known, budget.budget_id)):
        try:
            parse(effective_filter(known, relative))
        except FilterError as error:
            raise InvalidArgumentError.of(
                "budget.filter", f"together with those of its ancestors, {relative.name} has: {error}"
            ) from None


def check_childless(budgets: Budgets, budget: Budget) -> None:
    """Raises FailedPreconditionError where a budget is the parent of others."""
    names = [child.name for child in children(budgets, budget.budget_id)]
    if names:
        listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        raise FailedPreconditionError(
            f"{budget.name} is the parent of {listed}: delete them first, or give them another parent"
        )


def _check_place(budgets: Budgets, budget: Budget) -> None:
    parent = budget.terms.parent
    if parent == budget.budget_id:
        raise InvalidArgumentError.of("budget.parent", "a budget cannot be its own parent")
    if parent not in budgets:
        raise InvalidArgumentError.of("budget.parent", f"no budget '{NAME_PREFIX}{parent}'")
    if any(below.budget_id == parent for below in descendants(budgets, budget.budget_id)):
        raise InvalidArgumentError.of(
            "budget.parent", f"{NAME_PREFIX}{parent} is a descendant of {budget.name}: they would go in a circle"
        )


def _path(budgets: Budgets, budget: Budget, to: str) -> Sequence[str]:
    """Ids from a budget up to one of its ancestors, without that one."""
    ids = [budget.budget_id, *(relative.budget_id for relative in ancestors(budgets, budget))]
    return ids[: ids.index(to)]


@lru_cache(maxsize=16_384)
def _operand(text: str) -> str:
    return f"({text})" if isinstance(parse(text), Or) else text
