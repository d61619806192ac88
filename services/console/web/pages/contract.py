"""One contract: every term, how far it is used, and the costs it made."""

from __future__ import annotations

from finops.pricing.v1 import pricing_pb2 as pb
from nicegui import ui

from services.common.auth import Access
from services.common.dimensions import SETTLEMENTS
from services.console.domain import figures
from services.console.domain.contract_terms import KINDS
from services.console.domain.cost_query import all_of, equals
from services.console.web.components import notices
from services.console.web.components.facts import facts
from services.console.web.components.live import Live
from services.console.web.components.table import Column, DataTable
from services.console.web.components.text import box, card, text
from services.console.web.pages import contract_form, contract_rows, links
from services.console.web.shell import Page
from services.console.web.visit import Visit


async def build(visit: Visit) -> None:
    """The page."""
    name = visit.request.path_params["contract"]
    drawn: list[pb.Contract] = []

    async def refresh() -> None:
        answer = await visit.peers.list_contracts(visit.caller, pb.ListContractsRequest())
        found = next((contract for contract in answer.contracts if contract.name == name), None)
        whole.set_visibility(found is not None)
        missing.set_visibility(found is None)
        if found is None:
            return
        if [found] != drawn:
            drawn[:] = [found]
            terms.clear()
            with terms:
                _terms(visit, found)
        own = [each for each in answer.balances if each.contract == name]
        balances.show(contract_rows.balance_rows(own))
        used.set_visibility(bool(own))

    live = Live(visit, refresh)
    ui.link("← All contracts", "/contracts").classes("back-link")
    whole = box("stack")
    with whole:
        with box("page-actions"):
            text(name, "page-total", tag="h2")
            ui.space()
            if visit.may(Access.EDIT):
                edit = ui.button("Edit", on_click=lambda: contract_form.edit(visit, drawn[0], live.refresh))
                edit.props("flat no-caps").classes("button")
                remove = ui.button("Remove", on_click=lambda: contract_form.remove(visit, name, live.refresh))
                remove.props("flat no-caps").classes("button")
        terms = box("stack")
        used = box("stack")
        with used, card("How far it is used"):
            balances = DataTable(contract_rows.BALANCES, "How far it is used", page_size=25)
            settled = all_of(equals("source", SETTLEMENTS), equals("tag:contract", name))
            ui.link("What its settlement posted", links.costs("90d", ("tag:settlement",), settled)).classes("card-more")
    whole.set_visibility(False)
    missing = notices.empty(
        "o_search_off", "No such contract", "It was removed, belongs to another tenant, or its address is incomplete."
    )
    missing.set_visibility(False)
    await live.first()


def _terms(visit: Visit, contract: pb.Contract) -> None:
    state = contract_rows.state(contract, visit.now())
    with card("Agreed", contract_rows.what(contract)):
        text(state["t"], f"badge tone-{state['tone']} badge-alone")
        facts(
            {
                "Term": contract_rows.term(contract),
                "Currency": contract.currency_code or "USD",
                "Written in": contract.source,
                "Recorded": f"{figures.moment(contract.recorded_unix_micros, visit.time_zone)}, {contract.recorded_by}",
            }
        )
    for kind in KINDS:
        agreed = [kind.write(each) for each in getattr(contract, kind.name)]
        if agreed:
            with card(kind.title):
                columns = [Column(each.name, each.label, sortable=False) for each in kind.fields]
                DataTable(columns, kind.title, page_size=25).show(contract_rows.term_rows(agreed))


PAGE = Page("/contracts/{contract}", "Contract", build, under="/contracts")
