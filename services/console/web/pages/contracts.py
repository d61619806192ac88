"""Contracts: what was agreed with providers and resellers, how far it is used, and exchange rates."""

from __future__ import annotations

from finops.pricing.v1 import pricing_pb2 as pb
from nicegui import ui

from services.common.auth import Access
from services.console.domain import figures
from services.console.domain.periods import zone
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.segments import segments
from services.console.web.components.table import Column, DataTable, Row
from services.console.web.components.text import box, text
from services.console.web.pages import contract_form, contract_rows, fx_form
from services.console.web.shell import Page
from services.console.web.visit import Visit

_UTC = zone("UTC")
_CONTRACTS = [
    Column("name", "Contract", "title"),
    Column("state", "State", "badge", minor=True),
    Column("term", "Term", minor=True),
    Column("what", "What is agreed", minor=True),
    Column("currency", "Currency", minor=True),
    Column("recorded", "Recorded by", minor=True),
]
_RATES = [
    Column("currency", "Currency", "title"),
    Column("day", "From"),
    Column("rate", "US dollars for one", "number"),
    Column("source", "Source", minor=True),
]
_PERIODS = {"now": "Current periods", "all": "All"}
_EXAMPLE = """cat > contract.toml <<'END'
name = "reseller-2026"
from = 2026-01-01

[[discount]]
provider = "openai"
percent = "12.5"
END
aifinops contracts put contract.toml --data .aifinops"""


async def build(visit: Visit) -> None:
    """The page."""
    edits = visit.may(Access.EDIT)
    known: dict[str, pb.Contract] = {}

    async def refresh() -> None:
        found = await visit.peers.list_contracts(visit.caller, pb.ListContractsRequest())
        known.clear()
        known.update((contract.name, contract) for contract in found.contracts)
        table.show([_row(contract, visit, edits=edits) for contract in found.contracts])
        listed.set_visibility(bool(known))
        nothing.set_visibility(not known)
        current = [each for each in found.balances if shown.value == "all" or _is_current(each, visit)]
        balances.show(contract_rows.balance_rows(current))
        used.set_visibility(bool(found.balances) or bool(found.balances_missing))
        missing.show(f"Not known now: {found.balances_missing}" if found.balances_missing else "")
        listed_rates = (await visit.peers.list_fx_rates(visit.caller, pb.ListFxRatesRequest())).rates
        rates.show([_rate_row(rate) for rate in reversed(listed_rates)])
        rates.set_visibility(bool(listed_rates))
        no_rates.set_visibility(not listed_rates)

    async def act(action: str, name: str) -> None:
        if action == "edit":
            contract_form.edit(visit, known[name], live.refresh)
        else:
            contract_form.remove(visit, name, live.refresh)

    async def choose(_shown: str) -> None:
        await live.refresh()

    live = Live(visit, refresh)
    if edits:
        with box("page-actions"):
            _button("New contract", lambda: contract_form.create(visit, live.refresh), main=True)
    with box("card card-flush", tag="section"):
        actions = [Column("actions", "Actions", "actions")] if edits else []
        listed = box("stack")
        with listed:
            table = DataTable([*_CONTRACTS, *actions], "Contracts", on_act=act)
        nothing = notices.empty(
            "o_handshake",
            "No contracts: list prices count",
            "A contract says what you agreed on: discounts, fixed prices, seats, included units, credits, commitments. "
            + ("Add one with the button above, or as a file:" if edits else "An editor can add one:"),
            _EXAMPLE,
        )
        nothing.set_visibility(False)
    with box("card card-flush", tag="section") as used:
        with box("card-head"):
            text("How far they are used", "card-title", tag="h2")
            ui.space()
            shown = segments(_PERIODS, "now", "Which periods", choose)
        balances = DataTable(contract_rows.BALANCES, "How far contracts are used", page_size=25)
        missing = text("", "card-quiet", tag="p")
    used.set_visibility(False)
    with box("card card-flush", tag="section"):
        with box("card-head"):
            text("Exchange rates", "card-title", tag="h2")
            text("a day counts at its own rate, or the last one before", "card-note")
            ui.space()
            if edits:
                _button("Add rate", lambda: fx_form.add(visit, live.refresh))
        rates = DataTable(_RATES, "Exchange rates", page_size=25)
        no_rates = text(
            "None. Contracts in US dollars need none; one in another currency needs a rate on its first day or before.",
            "card-quiet",
            tag="p",
        )
    await live.first()


def _button(label: str, act: object, *, main: bool = False) -> None:
    button = ui.button(label, icon="add", on_click=act)  # type: ignore[arg-type]
    button.props("unelevated no-caps" if main else "flat no-caps dense")
    button.classes("button button-main" if main else "button")


def _is_current(balance: pb.ContractBalance, visit: Visit) -> bool:
    return balance.start_unix_micros <= visit.now() and not 0 < balance.end_unix_micros <= visit.now()


def _row(contract: pb.Contract, visit: Visit, *, edits: bool) -> Row:
    row = contract_rows.contract_row(contract, visit.now())
    if edits:
        row["actions"] = {
            "actions": [
                {"id": "edit", "text": "Edit", "label": f"Edit contract {contract.name}"},
                {"id": "remove", "text": "Remove", "label": f"Remove contract {contract.name}", "tone": "bad"},
            ]
        }
    return row


def _rate_row(rate: pb.FxRate) -> Row:
    return {
        "id": f"{rate.currency_code} {rate.day_unix_micros}",
        "currency": {"t": rate.currency_code},
        "day": {"t": figures.day(rate.day_unix_micros, _UTC), "s": float(rate.day_unix_micros)},
        "rate": {"t": rate.usd_per_unit, "s": float(rate.usd_per_unit)},
        "source": {"t": rate.source or "–"},
    }


PAGE = Page("/contracts", "Contracts", build, "o_handshake", "What was agreed, and how far it is used")
