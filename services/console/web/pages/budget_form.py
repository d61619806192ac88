"""The form of a budget."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from nicegui import ui

from services.common import filters
from services.common import money as amounts
from services.common.errors import InvalidArgumentError
from services.console.domain.enums import value, word, words
from services.console.domain.periods import zone
from services.console.web.components import dialogs
from services.console.web.components.text import box
from services.console.web.pages.budget_rules import FIELDS, Rules
from services.console.web.visit import Visit

_DEFAULT_PERCENTS = "50, 80, 100"
_EDITABLE = ("display_name", "filter", "amount", "period", "time_zone", "threshold_percents", "enforcement", *FIELDS)
_ENFORCEMENTS = {
    "observe": "Observe: alerts only",
    "warn": "Warn: checks answer with a warning",
    "block": "Block: checks refuse what would exceed it",
}

AnyField = TypeVar("AnyField", ui.input, ui.select)

Refresh = Callable[[], Awaitable[None]]


def create(visit: Visit, parents: Mapping[str, str], refresh: Refresh) -> None:
    """Asks for a new budget. `parents`: titles of the budgets there are, by name."""
    dialog, body = dialogs.ask("New budget", wide=True)
    with body:
        form = _Form(pb.Budget(period=pb.PERIOD_MONTH, time_zone=visit.time_zone.key), parents)

        async def save() -> bool:
            await visit.peers.create_budget(visit.caller, pb.CreateBudgetRequest(budget=form.budget()))
            await refresh()
            return True

        dialogs.buttons(dialog, "Create budget", save)
    dialog.open()


def edit(visit: Visit, budget: pb.Budget, parents: Mapping[str, str], refresh: Refresh) -> None:
    """Asks for changes of a budget; one that somebody else changed meanwhile is not overwritten (etag)."""
    dialog, body = dialogs.ask("Edit budget", wide=True)
    with body:
        form = _Form(budget, parents)

        async def save() -> bool:
            changed = form.budget()
            changed.name, changed.etag = budget.name, budget.etag
            request = pb.UpdateBudgetRequest(budget=changed, update_mask=FieldMask(paths=_EDITABLE))
            await visit.peers.update_budget(visit.caller, request)
            await refresh()
            return True

        dialogs.buttons(dialog, "Save", save)
    dialog.open()


class _Form:
    def __init__(self, budget: pb.Budget, parents: Mapping[str, str]) -> None:
        percents = ", ".join(str(percent) for percent in budget.threshold_percents) or _DEFAULT_PERCENTS
        amount = (
            f"{amounts.to_decimal(amounts.from_proto(budget.amount)).normalize():f}"
            if budget.HasField("amount")
            else ""
        )
        periods = {name: name.capitalize() for name in words(pb.Period)}
        enforcement = word(pb.Enforcement, budget.enforcement or pb.ENFORCEMENT_OBSERVE)
        self._name = _field(ui.input("Name", value=budget.display_name, placeholder="Search, monthly")).props(
            "autofocus"
        )
        with box("form-row"):
            self._amount = _field(
                ui.input("Amount, US dollars", value=amount, placeholder="2500.00", validation=_amount_problem)
            )
            self._period = _field(ui.select(periods, label="Period", value=word(pb.Period, budget.period)))
        self._filter = _field(
            ui.input(
                "Which spend counts",
                value=budget.filter,
                placeholder='team = "search" AND environment = "prod"',
                validation=_filter_problem,
            )
        ).props('hint="Empty: all spend of the tenant"')
        with box("form-row"):
            self._percents = _field(ui.input("Alert at percent", value=percents, validation=_percents_problem))
            self._zone = _field(ui.input("Time zone", value=budget.time_zone or "UTC", validation=_zone_problem))
        self._enforcement = _field(ui.select(_ENFORCEMENTS, label="At the limit", value=enforcement))
        self._rules = Rules(budget, parents, self._period)

    def budget(self) -> pb.Budget:
        """What was entered.

        Raises:
            InvalidArgumentError: a field is wrong; the form shows which.
        """
        fields = (self._amount, self._filter, self._percents, self._zone)
        wrong = [field for field in fields if not field.validate()]  # every one, so that each shows what is wrong
        if wrong:
            raise InvalidArgumentError("Some fields need another look.")
        entered = pb.Budget(
            display_name=self._name.value.strip(),
            filter=self._filter.value.strip(),
            amount=amounts.to_proto(amounts.parse_dollars(_plain(self._amount.value))),
            period=value(pb.Period, self._period.value, "period"),
            time_zone=self._zone.value.strip(),
            threshold_percents=_percents(self._percents.value),
            enforcement=value(pb.Enforcement, self._enforcement.value, "enforcement"),
        )
        self._rules.fill(entered)
        return entered


def _field(element: AnyField) -> AnyField:
    element.props("outlined dense hide-bottom-space").classes("field")
    return element


def _plain(text: str) -> str:
    return text.strip().removeprefix("$").replace(",", "")


def _amount_problem(text: str) -> str | None:
    try:
        return None if amounts.parse_dollars(_plain(text)) > 0 else "More than zero"
    except ValueError:
        return "An amount such as 2500.00"


def _filter_problem(text: str) -> str | None:
    try:
        filters.parse(text)
    except filters.FilterError as error:
        return str(error)
    return None


def _percents(text: str) -> list[int]:
    return sorted({int(part) for part in re.split(r"[,\s]+", text.strip()) if part})


def _percents_problem(text: str) -> str | None:
    try:
        return None if all(0 < percent <= 1_000 for percent in _percents(text)) else "From 1 to 1,000"
    except ValueError:
        return "Whole numbers such as 50, 80, 100"


def _zone_problem(text: str) -> str | None:
    try:
        zone(text.strip())
    except ValueError as error:
        return str(error)
    return None
