"""Addresses of pages that other pages lead to."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from finops.budget.v1.budget_pb2 import BudgetStatus
from finops.cost.v1.cost_pb2 import CostRecord

from services.common.clock import Micros, format_rfc3339
from services.console.domain.cost_query import all_of, equals
from services.console.domain.periods import Range


def costs(span: str | Range, by: Sequence[str] = (), condition: str = "") -> str:
    """The cost explorer over a preset of `domain.periods` or a range, grouped and filtered."""
    if isinstance(span, Range):
        said = {"range": "custom", "start": format_rfc3339(span.start), "end": format_rfc3339(span.end)}
    else:
        said = {"range": span}
    said |= {"by": ",".join(by), "filter": condition}
    return "/costs?" + urlencode({name: value for name, value in said.items() if value})


def event(record: CostRecord) -> str:
    """One event, with all its revisions."""
    return event_at(record.usage.event_key, record.usage.time_unix_micros)


def event_at(key: bytes, moment: Micros) -> str:
    """The event of this key that is booked at this moment."""
    return f"/events/{key.hex()}?" + urlencode({"at": format_rfc3339(moment)})


def budget(name: str) -> str:
    """One budget; `name` is budgets/{budget}."""
    return f"/budgets/{quote(name.rpartition('/')[2], safe='')}"


def contract(name: str) -> str:
    """One contract."""
    return f"/contracts/{quote(name, safe='')}"


def member_costs(status: BudgetStatus, condition: str) -> str:
    """What one member of a budget spent in its period."""
    span = Range(status.period_start_unix_micros, status.period_end_unix_micros)
    return costs(span, ("model",), all_of(condition, equals(status.budget.per, status.member)))
