"""Which budgets are accepted, and how definitions change."""

from __future__ import annotations

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money

from services.budget.domain.budget import to_proto
from services.budget.domain.rules import check_id, id_of, terms_of
from services.common.errors import (
    AbortedError,
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from tests.unit.budget.process import Process
from tests.unit.budget.world import World, monthly


def violated(message: pb.Budget) -> list[str]:
    with pytest.raises(InvalidArgumentError) as raised:
        terms_of(message)
    return [violation.field for violation in raised.value.violations]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (pb.Budget(display_name="x" * 201), "display_name"),
        (pb.Budget(filter='team = "search" AND'), "filter"),
        (pb.Budget(filter='nonsense = "x"'), "filter"),
        (pb.Budget(time_zone="Europe/Atlantis"), "time_zone"),
        (pb.Budget(time_zone="localtime"), "time_zone"),
        (pb.Budget(time_zone="../../etc/passwd"), "time_zone"),
        (pb.Budget(threshold_percents=[80, 50]), "threshold_percents"),
        (pb.Budget(threshold_percents=[50, 50]), "threshold_percents"),
        (pb.Budget(threshold_percents=[0]), "threshold_percents"),
        (pb.Budget(threshold_percents=[1_001]), "threshold_percents"),
        (pb.Budget(threshold_percents=range(1, 22)), "threshold_percents"),
        (pb.Budget(enforcement=9), "enforcement"),  # type: ignore[arg-type]
        (pb.Budget(period=9), "period"),  # type: ignore[arg-type]
    ],
)
def test_each_wrong_field_is_named(change: pb.Budget, field: str) -> None:
    message = monthly()
    message.MergeFrom(change)
    assert set(violated(message)) == {f"budget.{field}"}


@pytest.mark.parametrize(
    "amount",
    [
        Money(),
        Money(currency_code="USD", units=-5),
        Money(currency_code="EUR", units=5),
        Money(currency_code="USD", units=5, picos=-1),
        Money(currency_code="USD", units=2**62),
    ],
)
def test_amounts_that_are_refused(amount: Money) -> None:
    assert violated(pb.Budget(amount=amount, period=pb.PERIOD_DAY)) == ["budget.amount"]


def test_every_violation_is_told_at_once() -> None:
    assert violated(pb.Budget(filter="(", time_zone="x")) == [
        "budget.filter", "budget.amount", "budget.period", "budget.time_zone",
    ]  # fmt: skip


def test_defaults() -> None:
    terms = terms_of(monthly())
    assert (terms.time_zone, terms.thresholds, terms.enforcement.name) == ("UTC", (50, 80, 100), "OBSERVE")


@pytest.mark.parametrize("budget_id", ["", "A", "1a", "a-", "a" * 64, "a/b", "ä", "a\n"])
def test_ids_that_are_refused(budget_id: str) -> None:
    with pytest.raises(InvalidArgumentError):
        check_id(budget_id)
    with pytest.raises(NotFoundError):
        id_of(f"budgets/{budget_id}")


async def test_a_definitions_life() -> None:
    process = Process(World())
    with pytest.raises(UnavailableError):
        process.definitions.get("acme", "budgets/b")
    await process.catalog.refresh()
    created = await process.definitions.create("acme", monthly("100", 'team = "search"'), "b")
    assert process.definitions.get("acme", "budgets/b") == created
    with pytest.raises(AlreadyExistsError):
        await process.definitions.create("acme", monthly(), "b")
    with pytest.raises(NotFoundError):
        process.definitions.get("globex", "budgets/b")
    with pytest.raises(NotFoundError):
        await process.definitions.update("globex", monthly(name="budgets/b"), [])
    with pytest.raises(NotFoundError):
        await process.definitions.delete("globex", "budgets/b", "")

    updated = await process.definitions.update("acme", monthly("7", name="budgets/b"), ["amount"], created.etag)
    assert updated.terms.amount == 7 * 10**12
    assert updated.terms.filter == 'team = "search"'
    assert updated.etag != created.etag
    with pytest.raises(AbortedError):
        await process.definitions.update("acme", monthly("8", name="budgets/b"), ["amount"], created.etag)
    with pytest.raises(AbortedError):
        await process.definitions.delete("acme", "budgets/b", created.etag)
    with pytest.raises(InvalidArgumentError):
        await process.definitions.update("acme", monthly(name="budgets/b"), ["name"])
    with pytest.raises(InvalidArgumentError):
        await process.definitions.update("acme", pb.Budget(name="budgets/b"), ["amount"])

    everything = monthly("9", name="budgets/b", threshold_percents=[10], display_name="all")
    replaced = to_proto(await process.definitions.update("acme", everything, []))
    assert (replaced.filter, list(replaced.threshold_percents), replaced.display_name) == ("", [10], "all")

    await process.definitions.delete("acme", "budgets/b", replaced.etag)
    with pytest.raises(NotFoundError):
        process.definitions.get("acme", "budgets/b")
    assert (await process.definitions.create("acme", monthly(), "b")).version > updated.version


async def test_another_process_notices_writes_and_never_goes_back() -> None:
    world = World()
    one, two = Process(world), Process(world)
    first = await one.definitions.create("acme", monthly("1"), "b")
    await two.catalog.refresh()
    assert two.definitions.get("acme", "budgets/b") == first
    await two.definitions.update("acme", monthly("2", name="budgets/b"), ["amount"])
    two.catalog.put(first)
    assert two.definitions.get("acme", "budgets/b").terms.amount == 2 * 10**12
    await two.definitions.delete("acme", "budgets/b", "")
    await one.catalog.refresh()
    with pytest.raises(NotFoundError):
        one.definitions.get("acme", "budgets/b")


async def test_pages() -> None:
    process = Process(World())
    await process.catalog.refresh()
    for number in range(5):
        await process.definitions.create("acme", monthly(), f"b{number}")
        await process.definitions.create("globex", monthly(), f"other{number}")
    seen: list[str] = []
    after = ""
    while True:
        page, after = process.definitions.page("acme", 2, after)
        assert len(page) <= 2
        seen += [budget.budget_id for budget in page]
        if not after:
            break
    assert seen == ["b0", "b1", "b2", "b3", "b4"]
    with pytest.raises(InvalidArgumentError):
        process.definitions.page("acme", -1, "")
    assert len(process.definitions.page("acme", 10**6, "")[0]) == 5
