"""Parents and children: what a child counts, and which trees are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.budget import Budget
from services.budget.domain.family import (
    ancestors,
    check_childless,
    check_parent,
    descendants,
    effective_filter,
    levels_below,
)
from services.budget.domain.periods import Period
from services.budget.domain.scope import scope_hash
from services.budget.domain.terms import (
    Calendar,
    CarryOver,
    DayOfWeek,
    Enforcement,
    RollingUnit,
    RollingWindow,
    Terms,
    WeekPattern,
)
from services.common.errors import FailedPreconditionError, InvalidArgumentError
from tests.unit.budget.process import Process
from tests.unit.budget.world import World, monthly

TERMS = Terms("", "", 1, Period.MONTH)


def budget(name: str, parent: str = "", scope_filter: str = "") -> Budget:
    return Budget("acme", name, replace(TERMS, parent=parent, filter=scope_filter), 0, 0, 0)


def known(*budgets: Budget) -> dict[str, Budget]:
    return {one.budget_id: one for one in budgets}


ORG = budget("org", scope_filter='environment = "prod"')
TEAM = budget("team", "org", 'team = "search" OR team = "ads"')
PERSON = budget("person", "team", 'user = "ann" AND NOT model = "x"')
TREE = known(ORG, TEAM, PERSON, budget("other", "org"))


def test_a_child_counts_what_all_its_ancestors_count() -> None:
    assert effective_filter(TREE, ORG) == 'environment = "prod"'
    assert effective_filter(TREE, PERSON) == (
        'environment = "prod" AND (team = "search" OR team = "ads") AND user = "ann" AND NOT model = "x"'
    )
    assert effective_filter(TREE, TREE["other"]) == 'environment = "prod"'


def test_relatives() -> None:
    assert [one.budget_id for one in ancestors(TREE, PERSON)] == ["team", "org"]
    assert [one.budget_id for one in descendants(TREE, "org")] == ["team", "other", "person"]
    assert [levels_below(TREE, name) for name in ("org", "team", "person")] == [2, 1, 0]


def test_a_lost_parent_and_a_circle_do_not_matter_to_counting() -> None:
    orphan = budget("orphan", "gone", 'user = "bob"')
    assert effective_filter(known(orphan), orphan) == 'user = "bob"'
    one, two = budget("one", "two", 'user = "a"'), budget("two", "one", 'team = "b"')
    assert effective_filter(known(one, two), one) == 'team = "b" AND user = "a"'
    assert {found.budget_id for found in descendants(known(one, two), "one")} == {"one", "two"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (budget("new", "gone"), "no budget 'budgets/gone'"),
        (budget("org", "org"), "its own parent"),
        (budget("org", "person"), "a circle"),
        (budget("team", "person"), "a circle"),
    ],
)
def test_parents_that_are_refused(changed: Budget, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=says) as raised:
        check_parent(TREE, changed)
    assert raised.value.violations[0].field == "budget.parent"


def test_a_tree_has_five_levels() -> None:
    tree = known(ORG, TEAM, PERSON, budget("fourth", "person"), budget("top"))
    check_parent(tree, budget("fifth", "fourth"))
    check_parent(tree, replace(ORG, terms=replace(ORG.terms, parent="top")))
    tree["fifth"] = budget("fifth", "fourth")
    with pytest.raises(InvalidArgumentError, match="at most 5 levels"):
        check_parent(tree, budget("sixth", "fifth"))
    with pytest.raises(InvalidArgumentError, match="these would be 6"):
        check_parent(tree, replace(ORG, terms=replace(ORG.terms, parent="top")))


def test_filters_must_be_short_enough_together() -> None:
    long = " OR ".join(f'user = "someone-{number}"' for number in range(120))
    tree = known(ORG, budget("team", "org", long))
    check_parent(tree, ORG)
    with pytest.raises(InvalidArgumentError, match="budgets/team has: a filter has at most") as raised:
        check_parent(tree, budget("org", "", long))
    assert raised.value.violations[0].field == "budget.filter"


def test_a_parent_is_not_deleted_before_its_children() -> None:
    with pytest.raises(FailedPreconditionError, match="budgets/org is the parent of budgets/other, budgets/team: "):
        check_childless(TREE, ORG)
    check_childless(TREE, PERSON)
    many = known(ORG, *(budget(f"b{number:02}", "org") for number in range(12)))
    with pytest.raises(FailedPreconditionError, match="budgets/b09 and 2 more"):
        check_childless(many, ORG)


async def test_definitions_keep_families_whole() -> None:
    process = Process(World())
    await process.catalog.refresh()
    create, update = process.definitions.create, process.definitions.update
    await create("acme", monthly(), "org")
    await create("acme", monthly(parent="budgets/org"), "team")
    with pytest.raises(InvalidArgumentError, match="no budget 'budgets/org'"):
        await create("globex", monthly(parent="budgets/org"), "team")
    with pytest.raises(FailedPreconditionError):
        await process.definitions.delete("acme", "budgets/org", "")
    with pytest.raises(InvalidArgumentError, match="circle"):
        await update("acme", pb.Budget(name="budgets/org", parent="budgets/team"), ["parent"])
    await update("acme", pb.Budget(name="budgets/team"), ["parent"])
    await process.definitions.delete("acme", "budgets/org", "")


# --- what a scope is -------------------------------------------------------------------------------------------------

WEEKS = Calendar(2, 1, DayOfWeek.SUNDAY, WeekPattern.WEEK_PATTERN_445)
SAME_SCOPE = [
    replace(TERMS, amount=2),
    replace(TERMS, thresholds=(1,), enforcement=Enforcement.BLOCK, display_name="x"),
    replace(TERMS, carry_over=CarryOver(unspent=True)),
    replace(TERMS, calendar=Calendar(year_start_month=4)),  # Months start on the first all the same.
    replace(TERMS, calendar=Calendar(week_start=DayOfWeek.SUNDAY)),
]
OTHER_SCOPE = [
    replace(TERMS, per="user"),
    replace(TERMS, time_zone="Europe/Berlin"),
    replace(TERMS, period=Period.QUARTER),
    replace(TERMS, calendar=Calendar(year_start_day=6)),
    replace(TERMS, calendar=WEEKS),
    replace(TERMS, calendar=replace(WEEKS, week_pattern=WeekPattern.WEEK_PATTERN_454)),
    replace(TERMS, period=Period.ROLLING, rolling_window=RollingWindow(RollingUnit.HOUR, 24)),
    replace(TERMS, period=Period.ROLLING, rolling_window=RollingWindow(RollingUnit.DAY, 24)),
]


def test_the_scope_is_what_is_counted_and_nothing_else() -> None:
    scope = scope_hash(TERMS, "")
    assert [scope_hash(terms, "") == scope for terms in SAME_SCOPE] == [True] * len(SAME_SCOPE)
    others = [scope_hash(TERMS, 'team = "a"'), *(scope_hash(terms, "") for terms in OTHER_SCOPE)]
    assert len({scope, *others}) == 1 + len(others)


def test_hours_of_a_rolling_window_are_the_same_however_many_there_are_and_wherever() -> None:
    day = replace(TERMS, period=Period.ROLLING, rolling_window=RollingWindow(RollingUnit.HOUR, 24))
    week = replace(day, rolling_window=RollingWindow(RollingUnit.HOUR, 168), time_zone="Asia/Tokyo")
    assert scope_hash(day, "") == scope_hash(week, "")
