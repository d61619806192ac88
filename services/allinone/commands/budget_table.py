"""How budgets and what is used of them look on a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from services.allinone.commands.common import in_cents
from services.common import money
from services.common.clock import format_rfc3339

_BAR = 20
_NARROWEST = 140


def print_statuses(statuses: Sequence[pb.BudgetStatus], first: str = "budget") -> None:
    """A line each: what is used of the limit, and where it is heading."""
    table = _table(
        first, "period ends", "limit", "used", "committed", "", "%", "forecast", "remaining", "mode", "state"
    )
    for status in statuses:
        ratio = max(status.used_ratio, 0.0)
        table.add_row(
            _name(status, first),
            format_rfc3339(status.period_end_unix_micros)[:16],
            _limit(status),
            _dollars(status.actual, status.shadow),
            _dollars(status.committed) if status.budget.count_committed else "",
            Bar(1.0, 0.0, min(ratio, 1.0), width=_BAR, color="red" if ratio >= 1 else "green"),
            f"{100 * ratio:.0f}" if math.isfinite(ratio) else "over",
            _dollars(status.forecast),
            _dollars(status.remaining),
            pb.Enforcement.Name(status.budget.enforcement).removeprefix("ENFORCEMENT_").lower(),
            "rebuilding" if status.rebuilding else "",
        )
    _print(table)


def print_decision(decision: pb.Decision) -> None:
    """What was decided, and by which budgets."""
    table = _table("budget", "member", "limit", "remaining", "mode", "fits")
    for headroom in decision.budgets:
        table.add_row(
            headroom.name.removeprefix("budgets/"),
            headroom.member if headroom.HasField("member") else "",
            _dollars(headroom.limit),
            _dollars(headroom.remaining),
            pb.Enforcement.Name(headroom.enforcement).removeprefix("ENFORCEMENT_").lower(),
            "no" if headroom.would_exceed else "yes",
        )
    _print(table)


def print_drifts(drifts: Sequence[pb.BudgetDrift]) -> None:
    """Sums that differed from the ledger."""
    table = _table("budget", "member", "period", "counted", "ledger", "repaired")
    for drift in drifts:
        table.add_row(
            drift.name.removeprefix("budgets/"),
            drift.member if drift.HasField("member") else "",
            format_rfc3339(drift.period_start_unix_micros),
            money.format_dollars(money.from_proto(drift.counted)),
            money.format_dollars(money.from_proto(drift.ledger)),
            "yes" if drift.repaired else "no",
        )
    _print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column in ("limit", "used", "committed", "%", "forecast", "remaining", "counted", "ledger")
        table.add_column(column, no_wrap=True, justify="right" if right else "left")
    return table


def _print(table: Table) -> None:
    console = Console()
    Console(width=max(console.width, _NARROWEST)).print(table)


def _name(status: pb.BudgetStatus, first: str) -> str:
    if first == "member":
        return status.member or '""'
    return status.budget.name.removeprefix("budgets/")


def _limit(status: pb.BudgetStatus) -> str:
    each = " each" if status.budget.per and not status.HasField("member") else ""
    return _dollars(status.limit) + each


def _dollars(*amounts: Money) -> str:
    """Their sum in whole cents, to the nearest."""
    return in_cents(sum(map(money.from_proto, amounts)))
