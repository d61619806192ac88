"""Budgets: where each stands, and the form to make and change them."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb
from nicegui import ui

from services.common import money as amounts
from services.common.auth import Access
from services.console.domain import figures
from services.console.domain.budget_limits import holds_for_each, limit
from services.console.domain.budget_tree import Node, tree
from services.console.domain.enums import word
from services.console.handlers import listing
from services.console.web.components import dialogs, notices
from services.console.web.components.live import Live
from services.console.web.components.table import Column, DataTable, Row, money
from services.console.web.components.text import box
from services.console.web.pages import budget_form, links, rows
from services.console.web.shell import Page
from services.console.web.visit import Visit

_COLUMNS = [
    Column("name", "Budget", "title"),
    Column("used", "Used", "bar"),
    Column("spent", "Spent", "number", minor=True),
    Column("amount", "Amount", "number", minor=True),
    Column("remaining", "Remaining", "number", minor=True),
    Column("forecast", "Forecast", "number", minor=True),
    Column("period", "Period", minor=True),
    Column("acts", "At the limit", "badge", minor=True),
]
_ENFORCEMENT = {
    pb.ENFORCEMENT_BLOCK: ("Blocks", "bad"),
    pb.ENFORCEMENT_WARN: ("Warns", "warn"),
}


async def build(visit: Visit) -> None:
    """The page."""
    edits = visit.may(Access.EDIT)
    statuses: dict[str, pb.BudgetStatus] = {}

    async def refresh() -> None:
        found = await listing.budget_statuses(visit.peers, visit.caller)
        statuses.clear()
        statuses.update((status.budget.name, status) for status in found)
        table.show([_row(visit, node, edits=edits) for node in tree(found)])
        table.set_visibility(bool(found))
        nothing.set_visibility(not found)

    def create() -> None:
        budget_form.create(visit, _titles(statuses), live.refresh)

    async def act(action: str, name: str) -> None:
        budget = statuses[name].budget
        if action == "edit":
            budget_form.edit(visit, budget, _titles(statuses), live.refresh)
            return

        async def delete() -> None:
            await visit.peers.delete_budget(visit.caller, pb.DeleteBudgetRequest(name=name, etag=budget.etag))
            await live.refresh()

        title = rows.budget_title(statuses[name])
        dialogs.confirm("Delete budget", f"{title}: its thresholds alert no more. Spend is kept.", "Delete", delete)

    live = Live(visit, refresh)
    if edits:
        with box("page-actions"):
            ui.button("New budget", icon="add", on_click=create).props("unelevated no-caps").classes(
                "button button-main"
            )
    with box("card card-flush", tag="section"):
        actions = [Column("actions", "Actions", "actions")] if edits else []
        table = DataTable([*_COLUMNS, *actions], "Budgets", on_act=act)
        nothing = notices.empty(
            "o_savings",
            "No budgets yet",
            "A budget watches the spend of a team, a model, a tool or anything else, and alerts at its thresholds. "
            + ("Create one with the button above, or over the API:" if edits else "An editor can create one:"),
            _example(visit),
        )
        nothing.set_visibility(False)
    await live.first()


def _titles(statuses: dict[str, pb.BudgetStatus]) -> dict[str, str]:
    return {name: rows.budget_title(status) for name, status in statuses.items()}


def _row(visit: Visit, node: Node, *, edits: bool) -> Row:
    status, budget = node.status, node.status.budget
    title = rows.budget_title(status)
    ends = figures.day(status.period_end_unix_micros - 1, visit.time_zone)
    enforcement, tone = _ENFORCEMENT.get(budget.enforcement, ("Observes", "quiet"))
    row: Row = {
        "id": budget.name,
        "level": node.level,
        "parent": node.parent,
        "branch": node.branch,
        "name": {
            "t": title,
            "href": links.budget(budget.name),
            "t2": ("rebuilding from the ledger · " if status.rebuilding else "") + (budget.filter or "all spend"),
        },
        "used": rows.usage_bar(status),
        "spent": money(amounts.from_proto(status.actual) + amounts.from_proto(status.shadow)),
        "amount": {**money(limit(status)), "t2": f"each; {status.members_over} of {status.members} over"}
        if holds_for_each(status)
        else money(limit(status)),
        "remaining": money(amounts.from_proto(status.remaining)),
        "forecast": money(amounts.from_proto(status.forecast)),
        "period": {
            "t": word(pb.Period, budget.period).capitalize(),
            "x": f"until {ends}, {budget.time_zone or 'UTC'}",
            "t2": f"to {ends}",
        },
        "acts": {"t": enforcement, "tone": tone},
    }
    if edits:
        row["actions"] = {
            "actions": [
                {"id": "edit", "text": "Edit", "label": f"Edit budget {title}"},
                {"id": "delete", "text": "Delete", "label": f"Delete budget {title}", "tone": "bad"},
            ]
        }
    return row


def _example(visit: Visit) -> str:
    return (
        f"curl -X POST {visit.request.base_url}api/v1/budgets \\\n"
        '  -H "Authorization: Bearer $AIFINOPS_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"display_name": "Search", "filter": "team = \\"search\\"", "amount": "2500.00", "period": "month"}\''
    )


PAGE = Page("/budgets", "Budgets", build, "o_savings", "Amounts for scopes and periods")
