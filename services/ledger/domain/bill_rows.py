"""What a reconciliation starts from: rows that providers reported, and sums of what was metered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from services.common.clock import Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import Picos

COST_SOURCES = ("openai-costs", "anthropic-costs", "copilot-billing", "aws-cur", "focus")
"""Reports that say what was billed, the nearest to the vendor first."""
USAGE_SOURCES = ("openai-usage", "anthropic-usage")
"""Reports that count tokens and name no amounts."""
PARTIAL_SOURCES = frozenset(
    {"claude-code-analytics", "claude-code", "codex", "gemini-cli", "opentelemetry", "cursor-spend"}
)
"""Never a bill: they know one tool's use or only estimate, or they tell a whole cycle at once."""

CREDITS = "credit_micros"
COUNTED = (*TOKEN_BUCKETS, CREDITS)
"""What is compared beside amounts."""

_DATED = re.compile(r"(-\d{4}-\d{2}-\d{2}|-\d{8}|@\d{8}|-latest)$")
_BUCKETS = {
    "uncached_input_tokens": "input_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_tokens",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h_tokens",
    "output_tokens": "output_tokens",
    "input": "input_tokens",
    "cached input": "cache_read_tokens",
    "output": "output_tokens",
}
"""By Anthropic's `token_type`, and by what follows the comma of OpenAI's `line_item`."""


class Tenancy(NamedTuple):
    """Whose bill of which day."""

    tenant_id: str
    provider: str
    day: Micros
    """Its start, UTC."""


class Account(NamedTuple):
    """Where on the bill."""

    project: str
    key: str
    model: str


class Charge(Enum):
    """What a reported amount is for."""

    USE = auto()
    TAX = auto()
    CREDIT = auto()
    PURCHASE = auto()
    SEATS = auto()


@dataclass(frozen=True)
class ReportedRow:
    """Rows of one report that differ in nothing but figures, added up."""

    of: Tenancy
    account: Account
    source: str
    has_amount: bool
    """False: a report of usage. `amount` is then what the ledger rates that usage at."""
    amount: Picos
    slack: Picos = 0
    """How far rounding of the rows may have moved their sum."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    charge: Charge = Charge.USE
    bucket: str = ""
    """The bucket of tokens that the amount is for; empty: not told."""


@dataclass(frozen=True)
class MeteredRow:
    """What was metered at one place. `cost` includes `seats` and `booked`."""

    of: Tenancy
    account: Account
    cost: Picos
    shadow: Picos = 0
    seats: Picos = 0
    booked: Picos = 0
    """Adjustments and settlements."""
    tokens: Mapping[str, int] = field(default_factory=dict)


def family(model: str) -> str:
    """The model without the date of its snapshot: bills and answers name different ones of the same price."""
    return _DATED.sub("", model.lower())


def comparable(tokens: Mapping[str, int]) -> dict[str, int]:
    """Without zeros; reasoning is output, since no report tells it apart."""
    found: dict[str, int] = {}
    for bucket, count in tokens.items():
        name = "output_tokens" if bucket == "reasoning_tokens" else bucket
        if count:
            found[name] = found.get(name, 0) + count
    return found


def bucket_of(token_type: str, line_item: str, tokens: Mapping[str, int]) -> str:
    """Which tokens an amount is for: as the report says, or the only ones that are counted beside it."""
    told = _BUCKETS.get(token_type) or _BUCKETS.get(line_item.rpartition(", ")[2])
    return told or (next(iter(tokens)) if len(tokens) == 1 else "")


def charge_of(charge: str, unit: str) -> Charge:
    """What an amount is for.

    Args:
        charge: the bill's category, in the words of FOCUS or of AWS; empty for use.
        unit: what is counted; GitHub's seats are `user-months`.
    """
    match charge.lower():
        case "tax":
            return Charge.TAX
        case "credit" | "refund" | "adjustment" | "edpdiscount" | "bundleddiscount":
            return Charge.CREDIT
        case "purchase" | "fee" | "rifee" | "savingsplanupfrontfee" | "savingsplanrecurringfee":
            return Charge.PURCHASE
    return Charge.SEATS if unit.lower().startswith("user") else Charge.USE


def cost_source(rows: Iterable[ReportedRow]) -> str:
    """The one report whose amounts count of a day; empty: none names amounts. Two are never added."""
    return _nearest({row.source for row in rows if row.has_amount}, COST_SOURCES)


def usage_source(rows: Iterable[ReportedRow]) -> str:
    """The one report whose tokens count beside amounts that have none of their own."""
    return _nearest({row.source for row in rows if not row.has_amount and any(row.tokens.values())}, USAGE_SOURCES)


def _nearest(sources: set[str], known: tuple[str, ...]) -> str:
    found = sources - PARTIAL_SOURCES
    ranks = {name: rank for rank, name in enumerate(known)}
    return min(found, key=lambda name: (ranks.get(name, len(ranks)), name), default="")
