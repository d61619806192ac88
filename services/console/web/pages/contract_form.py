"""The form of a contract: a line of fields for each of its terms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finops.pricing.v1 import pricing_pb2 as pb
from nicegui import ui

from services.common.errors import InvalidArgumentError
from services.console.domain import contract_texts
from services.console.domain.contract_terms import KINDS, Field, Kind
from services.console.web.components import dialogs
from services.console.web.components.text import box, text
from services.console.web.visit import Visit

Refresh = Callable[[], Awaitable[None]]

_CONSEQUENCE = (
    "It counts for what is rated from now on. To book the past anew in its range, run "
    "aifinops rerate --kind contract-changed afterwards; use that had no price is re-rated by itself."
)


@dataclass(frozen=True)
class Draft:
    """What of a new contract is filled in already; `terms` are texts of lines by the name of their kind."""

    contract: pb.Contract = field(default_factory=pb.Contract)
    terms: Mapping[str, Sequence[dict[str, str]]] = field(default_factory=dict)


def create(visit: Visit, refresh: Refresh, draft: Draft | None = None) -> None:
    """Asks for a new contract."""
    _ask(visit, refresh, "New contract", draft or Draft(), "Add contract", named=False)


def edit(visit: Visit, contract: pb.Contract, refresh: Refresh) -> None:
    """Asks for changes; every version stays in the service's own history."""
    terms = {kind.name: [kind.write(term) for term in getattr(contract, kind.name)] for kind in KINDS}
    _ask(visit, refresh, f"Edit {contract.name}", Draft(contract, terms), "Save", named=True)


def remove(visit: Visit, name: str, refresh: Refresh) -> None:
    """Asks whether to take a contract out."""

    async def act() -> None:
        await visit.peers.remove_contract(visit.caller, pb.RemoveContractRequest(name=name))
        await refresh()

    consequence = (
        f"{name} no longer counts for what is rated from now on, and what its settlement posted is taken back. "
        "What was rated under it stays until it is re-rated."
    )
    dialogs.confirm("Remove contract", consequence, "Remove", act)


def _ask(visit: Visit, refresh: Refresh, title: str, draft: Draft, action: str, *, named: bool) -> None:
    dialog, body = dialogs.ask(title, wide=True)
    with body:
        form = _Form(draft, named=named)
        text(_CONSEQUENCE, "dialog-text", tag="p")

        async def save() -> bool:
            await visit.peers.put_contract(visit.caller, pb.PutContractRequest(contract=form.contract()))
            await refresh()
            return True

        dialogs.buttons(dialog, action, save)
    dialog.open()


class _Form:
    def __init__(self, draft: Draft, *, named: bool) -> None:
        self._was = contract = draft.contract
        with box("form-row"):
            self._name = _input("Name", contract.name, "openai-2026")
            self._source = _input("Where it is written", contract.source, "Order form 4711")
        if named:
            self._name.props("readonly")
        else:
            self._name.props("autofocus")
        with box("form-row form-three"):
            self._from = _day("From, 00:00 UTC", contract.effective_from_unix_micros)
            self._to = _day("To, exclusive", contract.effective_to_unix_micros)
            self._currency = _input("Currency of its amounts", contract.currency_code or "USD", "USD")
        self._kinds = [_Terms(kind, draft.terms.get(kind.name, ())) for kind in KINDS]

    def contract(self) -> pb.Contract:
        """What was entered.

        Raises:
            InvalidArgumentError: says which field cannot be read.
        """
        was = self._was
        try:
            made = pb.Contract(
                name=self._name.value.strip(),
                source=self._source.value.strip(),
                effective_from_unix_micros=_moment(self._from, was.effective_from_unix_micros, "From"),
                effective_to_unix_micros=_moment(self._to, was.effective_to_unix_micros, "To"),
                currency_code=self._currency.value.strip().upper(),
            )
        except ValueError as error:
            raise InvalidArgumentError(str(error)) from None
        for terms in self._kinds:
            getattr(made, terms.kind.name).extend(terms.read())
        return made


class _Terms:
    """The terms of one kind."""

    def __init__(self, kind: Kind, lines: Sequence[dict[str, str]]) -> None:
        self.kind = kind
        self._lines: list[dict[str, ui.input | ui.select]] = []
        with box("terms", tag="section") as section:
            section.props["aria-label"] = kind.title
            with box("terms-head"):
                text(kind.title, "terms-title", tag="h3")
                ui.button("Add", icon="add", on_click=lambda: self._add({})).props(
                    f'flat no-caps dense aria-label="Add to {kind.title}"'
                ).classes("button")
            self._box = box("terms-lines")
        for texts in lines:
            self._add(texts)

    def _add(self, texts: dict[str, str]) -> None:
        line: dict[str, ui.input | ui.select] = {}
        with self._box, box("term") as row:
            for each in self.kind.fields:
                line[each.name] = _field(each, texts.get(each.name, ""))

            def take_out() -> None:
                self._lines.remove(line)
                row.delete()

            ui.button(icon="close", on_click=take_out).props('flat round dense aria-label="Take out"').classes(
                "icon-button"
            )
        self._lines.append(line)

    def read(self) -> list[Any]:
        """The terms entered.

        Raises:
            InvalidArgumentError: says which line and field.
        """
        terms = []
        for number, line in enumerate(self._lines, 1):
            try:
                terms.append(self.kind.read({name: str(element.value or "") for name, element in line.items()}))
            except ValueError as error:
                raise InvalidArgumentError(f"{self.kind.title}, line {number}: {error}") from None
        return terms


def _field(told: Field, value: str) -> ui.input | ui.select:
    element: ui.input | ui.select
    if told.choices:
        element = ui.select(list(told.choices), label=told.label, value=value or told.choices[0])
    else:
        element = ui.input(told.label, value=value, placeholder=told.example).props("stack-label")
    element.props("outlined dense hide-bottom-space")
    return element.classes("term-field" + (" term-wide" if "=" in told.example else ""))


def _input(label: str, value: str, example: str) -> ui.input:
    return ui.input(label, value=value, placeholder=example).props("outlined dense").classes("field")


def _day(label: str, micros: int) -> ui.input:
    entry = ui.input(label, value=contract_texts.write_day(micros)).props("type=date stack-label outlined dense")
    return entry.classes("field")


def _moment(entry: ui.input, was: int, what: str) -> int:
    """The day entered; one left alone keeps the time of day it had."""
    entered = entry.value or ""
    return was if entered == contract_texts.write_day(was) else contract_texts.read_day(entered, what)
