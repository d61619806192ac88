"""The form of a budget."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from nicegui import ui

from services.common import filters
from services.common import money as amounts
from services.common.errors import InvalidArgumentError
from services.console.domain.budget_lists import dollars, plain
from services.console.domain.enums import value, word, words
from services.console.domain.periods import zone
from services.console.web.components import dialogs
from services.console.web.components.entries import field
from services.console.web.components.text import box
from services.console.web.pages import budget_calendar, budget_lists, budget_rules
from services.console.web.visit import Visit

_DEFAULT_PERCENTS = "50, 80, 100"
_EDITABLE = (
    "display_name", "filter", "amount", "time_zone", "threshold_percents", "enforcement",
    *budget_calendar.FIELDS, *budget_rules.FIELDS, *budget_lists.FIELDS,
)  # fmt: skip
_ENFORCEMENTS = {
    "observe": "Observe: alerts only",
    "warn": "Warn: checks answer with a warning",
    "block": "Block: checks refuse what would exceed it",
}

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
        amount = plain(amounts.from_proto(budget.amount)) if budget.HasField("amount") else ""
        periods = {name: name.capitalize() for name in words(pb.Period)}
        enforcement = word(pb.Enforcement, budget.enforcement or pb.ENFORCEMENT_OBSERVE)
        self._name = field(ui.input("Name", value=budget.display_name, placeholder="Search, monthly")).props(
            "autofocus"
        )
        with box("form-row"):
            self._amount = field(
                ui.input("Amount, US dollars", value=amount, placeholder="2500.00", validation=_amount_problem)
            )
            self._period = field(ui.select(periods, label="Period", value=word(pb.Period, budget.period)))
        self._filter = field(
            ui.input(
                "Which spend counts",
                value=budget.filter,
                placeholder='team = "search" AND environment = "prod"',
                validation=_filter_problem,
            )
        ).props('hint="Empty: all spend of the tenant"')
        with box("form-row"):
            self._percents = field(ui.input("Alert at percent", value=percents, validation=_percents_problem))
            self._zone = field(ui.input("Time zone", value=budget.time_zone or "UTC", validation=_zone_problem))
        self._enforcement = field(ui.select(_ENFORCEMENTS, label="At the limit", value=enforcement))
        self._periods = budget_calendar.Periods(budget, self._period)
        self._rules = budget_rules.Rules(budget, parents, self._period)
        self._lists = budget_lists.Lists(budget, zone(budget.time_zone))

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
            amount=amounts.to_proto(dollars(self._amount.value)),
            time_zone=self._zone.value.strip(),
            threshold_percents=_percents(self._percents.value),
            enforcement=value(pb.Enforcement, self._enforcement.value, "enforcement"),
        )
        for part in (self._periods, self._rules, self._lists):
            part.fill(entered)
        return entered


def _amount_problem(text: str) -> str | None:
    try:
        return None if dollars(text) > 0 else "More than zero"
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
