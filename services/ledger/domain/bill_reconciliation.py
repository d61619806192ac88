"""Metered spend against what providers billed, by day, account and model; what they differ by, explained.

For every line: the amounts of its explanations add up to reported minus metered, to the picodollar. What no rule
explains is unexplained spend. docs/reconciliation.md tells the rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from services.common.money import Picos
from services.ledger.domain.bill_cells import Cause, Cell, explain_use
from services.ledger.domain.bill_rows import (
    Account,
    Charge,
    MeteredRow,
    ReportedRow,
    Tenancy,
    comparable,
    cost_source,
    family,
    usage_source,
)

STEADY = Fraction(1, 200)
"""How far the proportion of a discount may lie from the usual one, and yet be the same: half a percentage point."""
STEADY_DAYS = 3
"""On how many days a proportion has to be met to be a discount."""

_CAUSES = {Charge.TAX: Cause.TAX, Charge.CREDIT: Cause.DISCOUNT, Charge.PURCHASE: Cause.PURCHASE,
           Charge.SEATS: Cause.SEATS}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One place on one day."""

    of: Tenancy
    account: Account
    reported: Picos
    metered: Picos
    explanations: Mapping[Cause, Picos]
    """Those that are not zero, in the order of Cause."""
    cost_source: str = ""
    usage_source: str = ""


@dataclass
class _Day:
    of: Tenancy
    cost: str
    usage: str
    cells: dict[Account, Cell]


def reconcile(reported: Sequence[ReportedRow], metered: Sequence[MeteredRow]) -> list[Line]:
    """Every line of these days, by tenant, provider, day and account."""
    reports: dict[Tenancy, list[ReportedRow]] = defaultdict(list)
    meters: dict[Tenancy, list[MeteredRow]] = defaultdict(list)
    for told in reported:
        reports[told.of].append(told)
    for used in metered:
        meters[used.of].append(used)
    days = [_day(of, reports.get(of, []), meters.get(of, [])) for of in sorted({*reports, *meters})]
    for _, of_provider in groupby(days, key=lambda day: (day.of.tenant_id, day.of.provider)):
        _explain(list(of_provider))
    return [_line(day, account, cell) for day in days for account, cell in sorted(day.cells.items()) if _counts(cell)]


def _day(of: Tenancy, reported: list[ReportedRow], metered: list[MeteredRow]) -> _Day:
    usage = usage_source(reported)
    bill = cost_source(reported)
    cost = bill or usage
    amounts = [row for row in reported if row.source == cost and row.has_amount == bool(bill)]
    # Tokens are those of the bill itself where it counts any.
    counted = any(row.has_amount and any(row.tokens.values()) for row in amounts)
    tokens = amounts if counted else [row for row in reported if row.source == usage and not row.has_amount]
    day = _Day(of, cost, "" if counted else usage, {})
    named = [row.account for row in amounts if row.charge is Charge.USE]
    told = [any(account[part] for account in named) for part in range(len(Account._fields))] if cost else [True] * 3
    for row in amounts:
        _bill(_cell(day, row.account, told), row)
    for row in tokens:
        cell = _cell(day, row.account, told)
        _add(cell.billed_tokens, row.tokens)
    for used in metered:
        _meter(_cell(day, used.account, told), used)
    if cost:
        _spread(day)
    return day


def _cell(day: _Day, account: Account, told: Sequence[bool]) -> Cell:
    """Of what the bill names: where it knows no keys, keys cannot be compared."""
    named = Account(account.project, account.key, family(account.model))
    place = Account(*(value if is_told else "" for value, is_told in zip(named, told, strict=True)))
    return day.cells.setdefault(place, Cell())


def _bill(cell: Cell, row: ReportedRow) -> None:
    cell.was_billed = True
    cell.reported_total += row.amount
    cell.rated = not row.has_amount
    if row.charge is Charge.USE:
        cell.billed[row.bucket] = cell.billed.get(row.bucket, 0) + row.amount
        cell.slack += row.slack
    else:
        cell.explain(_CAUSES[row.charge], row.amount)


def _meter(cell: Cell, row: MeteredRow) -> None:
    cell.was_metered = True
    cell.metered_total += row.cost
    cell.metered += row.cost - row.seats - row.booked
    cell.shadow += row.shadow
    cell.explain(Cause.SEATS, -row.seats)
    cell.explain(Cause.BOOKED, -row.booked)
    _add(cell.tokens, row.tokens)


def _spread(day: _Day) -> None:
    """Metered use under accounts that the bill does not have is set against those of the bill that nothing was metered
    for, model by model, in proportion to their amounts."""
    by_model: dict[str, list[Cell]] = defaultdict(list)
    for account, cell in sorted(day.cells.items()):
        by_model[account.model].append(cell)
    for cells in by_model.values():
        unmetered = [cell for cell in cells if not cell.was_metered and sum(cell.billed.values()) > 0]
        unbilled = [cell for cell in cells if cell.was_metered and not cell.was_billed and not cell.billed_tokens]
        if not unmetered or not unbilled:
            continue
        weights = [sum(cell.billed.values()) for cell in unmetered]
        for source in unbilled:
            for cell, share in zip(unmetered, _shares(source.metered, weights), strict=True):
                cell.metered += share
                cell.explain(Cause.UNATTRIBUTED, share)
            for cell, share in zip(unmetered, _shares(source.shadow, weights), strict=True):
                cell.shadow += share
            for bucket, count in source.tokens.items():
                counted = [cell.billed_tokens.get(bucket, 0) for cell in unmetered]
                for cell, share in zip(unmetered, _shares(count, counted if sum(counted) else weights), strict=True):
                    cell.tokens[bucket] = cell.tokens.get(bucket, 0) + share
            source.explain(Cause.UNATTRIBUTED, -source.metered)
            source.metered = source.shadow = 0
            source.tokens.clear()


def _shares(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount, divided in proportion; what division leaves over goes to the last one."""
    shares = [amount * weight // sum(weights) for weight in weights[:-1]]
    return [*shares, amount - sum(shares)]


def _explain(days: Sequence[_Day]) -> None:
    """Of one provider: whether a price is steadily lower is seen over all days."""
    left: list[tuple[_Day, Cell, Fraction]] = []
    for day in days:
        for cell in day.cells.values():
            if not day.cost:
                cell.explain(Cause.NO_REPORT, cell.rest)
                continue
            ratio = explain_use(cell)
            if ratio is not None:
                left.append((day, cell, ratio))
    usual = sorted(ratio for _, _, ratio in left)[(len(left) - 1) // 2] if left else Fraction(1)
    steady = [(day.of.day, id(cell)) for day, cell, ratio in left if abs(ratio - usual) <= STEADY]
    discounted = usual < 1 and len({day for day, _ in steady}) >= STEADY_DAYS
    same = {cell for _, cell in steady}
    for _, cell, ratio in left:
        is_discount = discounted and ratio < 1 and id(cell) in same
        cell.explain(Cause.DISCOUNT if is_discount else Cause.PRICE, cell.rest)


def _line(day: _Day, account: Account, cell: Cell) -> Line:
    explanations = dict(sorted(cell.explained.items()))
    return Line(day.of, account, cell.reported_total, cell.metered_total, explanations, day.cost, day.usage)


def _counts(cell: Cell) -> bool:
    return bool(cell.reported_total or cell.metered_total or cell.explained)


def _add(into: dict[str, int], tokens: Mapping[str, int]) -> None:
    for bucket, count in comparable(tokens).items():
        into[bucket] = into.get(bucket, 0) + count


def total(lines: Iterable[Line]) -> dict[Cause, Picos]:
    """Explanations of several lines, in the order of Cause."""
    sums: dict[Cause, Picos] = defaultdict(int)
    for line in lines:
        for cause, amount in line.explanations.items():
            sums[cause] += amount
    return dict(sorted(sums.items()))
