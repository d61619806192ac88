"""Contracts and their balances as rows of tables."""

from __future__ import annotations

from collections.abc import Sequence

from finops.pricing.v1 import pricing_pb2 as pb

from services.common.clock import Micros
from services.console.domain import figures
from services.console.domain.contract_terms import CREDIT_BUCKET, CREDITS, KINDS
from services.console.domain.periods import zone
from services.console.web.components.table import Cell, Column, Row
from services.console.web.components.table import money as money_cell
from services.console.web.pages import links

_UTC = zone("UTC")
"""A contract's days are UTC days."""

BALANCES = [
    Column("term", "Term", "title"),
    Column("period", "Period", minor=True),
    Column("used", "Used", "bar"),
    Column("of", "Of", "number", minor=True),
    Column("posted", "Posted", "number", minor=True),
]
_MILLION = 10**6


def state(contract: pb.Contract, now: Micros) -> Cell:
    """Whether it counts for use of this moment, as a badge."""
    if contract.effective_from_unix_micros > now:
        return {"t": "To come", "tone": "accent"}
    if contract.effective_to_unix_micros and contract.effective_to_unix_micros <= now:
        return {"t": "Ended", "tone": "quiet"}
    return {"t": "In force", "tone": "good"}


def term(contract: pb.Contract) -> str:
    """From when to when."""
    starts = figures.day(contract.effective_from_unix_micros, _UTC)
    if not contract.effective_to_unix_micros:
        return f"from {starts}"
    return f"{starts} to {figures.day(contract.effective_to_unix_micros - 1, _UTC)}"


def what(contract: pb.Contract) -> str:
    """2 discounts, 1 commitment."""
    counts = [(len(getattr(contract, kind.name)), kind.name) for kind in KINDS]
    return ", ".join(f"{count} {name if count > 1 else name.removesuffix('s')}" for count, name in counts if count)


def contract_row(contract: pb.Contract, now: Micros) -> Row:
    """One line of the list."""
    return {
        "id": contract.name,
        "name": {"t": contract.name, "href": links.contract(contract.name), "t2": contract.source},
        "state": state(contract, now),
        "term": {"t": term(contract), "s": float(contract.effective_from_unix_micros)},
        "what": {"t": what(contract), "x": what(contract)},
        "currency": {"t": contract.currency_code or "USD"},
        "recorded": {
            "t": contract.recorded_by or "–",
            "s": float(contract.recorded_unix_micros),
            "t2": figures.ago(contract.recorded_unix_micros, now),
        },
    }


def balance_rows(balances: Sequence[pb.ContractBalance]) -> list[Row]:
    """How far each allowance, credit and commitment is used, the period that ends last first."""
    newest = sorted(balances, key=lambda each: (-each.start_unix_micros, each.contract, each.kind, each.id, each.user))
    return [_balance_row(str(index), balance) for index, balance in enumerate(newest)]


def _balance_row(row_id: str, balance: pb.ContractBalance) -> Row:
    used = balance.used / balance.agreed if balance.agreed else float(balance.used > 0)
    first, end = balance.start_unix_micros, balance.end_unix_micros
    ends = figures.day(end - 1, _UTC) if end else "open"
    return {
        "id": row_id,
        "term": {
            "t": balance.id + (f", {balance.user}" if balance.user else ""),
            "t2": f"{balance.kind} of {balance.contract}",
            "href": links.contract(balance.contract),
        },
        "period": {"t": f"{figures.day(first, _UTC)} to {ends}", "s": float(first)},
        "used": {
            "t": figures.percent(used),
            "s": used,
            "x": f"{_quantity(balance, balance.used)} used",
            "tone": _tone(balance, used),
            "width": used * 100,
            "ticks": [],
            "mark": None,
        },
        "of": {"t": _quantity(balance, balance.agreed), "s": float(balance.agreed)},
        "posted": money_cell(balance.posted_picos),
    }


def _tone(balance: pb.ContractBalance, used: float) -> str:
    """More than an allowance costs; a commitment or a credit wants to be used."""
    if balance.kind == "allowance":
        return "bad" if used > 1 else "warn" if used > 0.8 else "good"
    return "good" if used >= 1 else "accent"


def _quantity(balance: pb.ContractBalance, amount: int) -> str:
    if balance.kind != "allowance":
        return figures.dollars(amount)
    if balance.bucket == CREDIT_BUCKET:
        return f"{amount // _MILLION:,} {CREDITS}"
    return f"{amount:,} {balance.bucket.replace('_', ' ')}"


def term_rows(terms: Sequence[dict[str, str]]) -> list[Row]:
    """The terms of one kind, a column a field."""
    return [
        {"id": str(index), **{name: {"t": text or "–", "x": text} for name, text in texts.items()}}
        for index, texts in enumerate(terms)
    ]
