"""Use without a price: what, how much, since when, and how to price it."""

from __future__ import annotations

import re

from finops.ledger.v1.ledger_pb2 import UnpricedUse
from finops.pricing.v1 import pricing_pb2 as pricing

from services.common.auth import Access
from services.common.clock import DAY, HOUR
from services.common.dimensions import TOKEN_BUCKETS, quantities
from services.common.money import from_proto
from services.console.domain import contract_texts, figures
from services.console.domain.cost_query import all_of, equals
from services.console.domain.periods import Range
from services.console.handlers import listing
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.stat import Stat
from services.console.web.components.table import Column, DataTable, Row, money, number
from services.console.web.components.text import box, card, text
from services.console.web.pages import contract_form, cost_entries
from services.console.web.shell import Page
from services.console.web.visit import Visit

_COLUMNS = [
    Column("model", "Model", "title"),
    Column("buckets", "Without a price"),
    Column("events", "Events", "number"),
    Column("tokens", "Tokens", "number", minor=True),
    Column("shadow", "Shadow price", "number"),
    Column("first", "Since"),
    Column("last", "Last", minor=True),
]


async def build(visit: Visit) -> None:
    """The page."""
    edits = visit.may(Access.EDIT)
    groups: list[UnpricedUse] = []

    async def refresh() -> None:
        groups[:] = await listing.unpriced(visit.peers, visit.caller)
        table.show([_row(visit, index, group, edits=edits) for index, group in enumerate(groups)])
        some = bool(groups)
        table.set_visibility(some)
        stats.set_visibility(some)
        nothing.set_visibility(not some)
        models.show(figures.count(len(groups)))
        events.show(figures.count(sum(group.events for group in groups)))
        shadow.show_money(sum(from_proto(group.shadow_cost) for group in groups), "what budgets count it as")
        if groups:
            oldest = min(group.first_hour_unix_micros for group in groups)
            since.show(figures.ago(oldest, visit.now()), figures.moment(oldest, visit.time_zone))

    async def open_entries(row_id: str) -> None:
        group = groups[int(row_id)]
        span = Range(group.first_hour_unix_micros, group.last_hour_unix_micros + HOUR)
        await cost_entries.show(visit, f"{group.provider} · {group.model}", span, _condition(group))

    async def act(_action: str, row_id: str) -> None:
        contract_form.create(visit, live.refresh, _draft(groups[int(row_id)]))

    live = Live(visit, refresh)
    with box("stats") as stats:
        models = Stat("Models without a price")
        events = Stat("Events")
        shadow = Stat("At the shadow price", "In no figure of spend, but budgets count it")
        since = Stat("Oldest")
    stats.set_visibility(False)
    with box("card card-flush", tag="section"):
        actions = [Column("actions", "Actions", "actions")] if edits else []
        table = DataTable([*_COLUMNS, *actions], "Use without a price", on_open=open_entries, on_act=act, page_size=50)
        nothing = notices.empty(
            "o_price_check",
            "Everything has a price",
            "Use of a model or bucket that no price list and no contract knows waits here: it is flagged and never "
            "counted as zero silently.",
        )
        nothing.set_visibility(False)
    with card("What to do"), box("steps", tag="ol"):
        for title, advice, command in _steps(visit):
            with box("step", tag="li"):
                text(title, "step-title")
                text(advice, "step-text")
                if command:
                    notices.code(command)
    await live.first()


def _steps(visit: Visit) -> list[tuple[str, str, str]]:
    """What to do next: when, what, and a command to copy."""
    since = contract_texts.write_day(visit.now() - 30 * DAY)
    return [
        (
            "New model?",
            "As a rule a newer price list knows it. Fetch one:",
            "aifinops prices refresh --from URL",
        ),
        ("Your own model, or your own price?", "Set its price as a contract: the button in its row, or Contracts.", ""),
        ("A name nobody knows?", "Open its row to see who sends it, and mend the name there.", ""),
        (
            "Then?",
            "What waits here is re-rated by itself within minutes, as corrections with their reason. To do it now:",
            f'aifinops rerate --only-unpriced --kind late-price --from {since} --reason "price added" --dry-run',
        ),
    ]


def _row(visit: Visit, index: int, group: UnpricedUse, *, edits: bool) -> Row:
    counted = quantities(group.quantities)
    buckets = ", ".join(name.replace("_", " ") for name in group.buckets)
    row: Row = {
        "id": str(index),
        "model": {"t": group.model or "(no model)", "t2": f"{group.provider}, {group.service_tier or 'standard'}"},
        "buckets": {"t": buckets, "x": buckets},
        "events": number(group.events),
        "tokens": number(sum(counted.get(name, 0) for name in TOKEN_BUCKETS)),
        "shadow": money(from_proto(group.shadow_cost)),
        "first": _hour(visit, group.first_hour_unix_micros),
        "last": _hour(visit, group.last_hour_unix_micros),
    }
    if edits:
        row["actions"] = {"actions": [{"id": "price", "text": "Set price", "label": f"Set the price of {group.model}"}]}
    return row


def _hour(visit: Visit, micros: int) -> dict[str, object]:
    return {"t": figures.ago(micros, visit.now()), "s": micros, "x": figures.moment(micros, visit.time_zone)}


def _condition(group: UnpricedUse) -> str:
    return all_of(*(equals(name, getattr(group, name)) for name in ("provider", "model", "service_tier")))


def _draft(group: UnpricedUse) -> contract_form.Draft:
    """A contract with a price for what lacks one, from the day it was first used; the amounts are left to be said."""
    slug = re.sub(r"[^a-z0-9]+", "-", f"price-{group.provider}-{group.model}".lower())[:63].strip("-")
    price = {
        "provider": group.provider,
        "model": group.model,
        "tier": group.service_tier,
        "prices": ", ".join(f"{bucket}=" for bucket in group.buckets),
    }
    contract = pricing.Contract(name=slug, effective_from_unix_micros=group.first_hour_unix_micros // DAY * DAY)
    return contract_form.Draft(contract, {"prices": [price]})


PAGE = Page("/unpriced", "Unpriced", build, "o_price_change", "Use that has no price yet")
