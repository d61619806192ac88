"""The part of a budget's form that says for whom it holds, over which period, and when it tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from finops.budget.v1 import budget_pb2 as pb
from nicegui import ui

from services.common.dimensions import DIMENSIONS
from services.common.errors import InvalidArgumentError
from services.console.domain.enums import value, word
from services.console.web.components.text import box

FIELDS = (
    "parent", "per", "custom_range", "rolling_window", "calendar", "carry_over", "threshold_rules", "count_committed",
    "failure_mode",
)  # fmt: skip
"""What this part edits, for an update's mask."""

_PER = {"": "All together", **{name: f"Each {name.replace('_', ' ')}" for name in DIMENSIONS if name != "tenant"}}
_CARRY = {"": "Nothing", "unspent": "What was unspent", "overspent": "What was overspent", "both": "Both"}
_FAILURE = {"open": "Let through", "closed": "Refuse"}
_UNITS = {"hour": "hours", "day": "days"}
_MONTHS = dict(
    enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"), 1,
    )
)  # fmt: skip
_RULES = {"forecast": pb.ThresholdRule.BASIS_FORECAST, "burn rate": pb.ThresholdRule.BASIS_BURN_RATE}


AnyField = TypeVar("AnyField", ui.input, ui.select)


class Rules:
    """Fields below those every budget has. `period` is the form's own choice of period."""

    def __init__(self, budget: pb.Budget, parents: Mapping[str, str], period: ui.select) -> None:
        self._was = budget
        self._period = period
        with box("form-row") as custom:
            self._first = _day("First day", budget.custom_range.first_day)
            self._last = _day("Last day", budget.custom_range.last_day)
        custom.bind_visibility_from(period, "value", value="custom")
        with box("form-row") as rolling:
            window = budget.rolling_window
            self._count = _field(ui.input("The last", value=str(window.count or 24)))
            unit = word(pb.RollingWindow.Unit, window.unit) if window.unit else "hour"
            self._unit = _field(ui.select(_UNITS, label="Of", value=unit))
        rolling.bind_visibility_from(period, "value", value="rolling")
        fiscal = _field(ui.select(_MONTHS, label="The year begins in", value=budget.calendar.year_start_month or 1))
        fiscal.bind_visibility_from(period, "value", backward=lambda chosen: chosen in ("quarter", "year"))
        self._fiscal = fiscal
        with box("form-row"):
            others = {name: title for name, title in parents.items() if name != budget.name}
            known = {budget.parent: budget.parent, **others, "": "None"}
            self._parent = _field(ui.select(known, label="Within", value=budget.parent))
            per = {**_PER, **({budget.per: f"Each {budget.per}"} if budget.per else {})}
            self._per = _field(ui.select(per, label="Holds for", value=budget.per))
        with box("form-row"):
            self._basis = {
                name: _field(
                    ui.input(f"Alert at percent of {name}", value=_percents_of(budget, basis), placeholder="100")
                )
                for name, basis in _RULES.items()
            }
        with box("form-row"):
            self._carry = _field(
                ui.select(_CARRY, label="Carried to the next period", value=_carried(budget.carry_over))
            )
            failure = word(pb.FailureMode, budget.failure_mode or pb.FAILURE_MODE_OPEN)
            self._failure = _field(ui.select(_FAILURE, label="While no answer can be given", value=failure))
        self._committed = ui.switch(
            "Count seats and commitments of the rest of the period", value=budget.count_committed
        )

    def fill(self, budget: pb.Budget) -> None:
        """Puts what was entered into a budget.

        Raises:
            InvalidArgumentError: says which field cannot be read.
        """
        period = self._period.value
        budget.parent, budget.per = self._parent.value or "", self._per.value or ""
        budget.count_committed = self._committed.value
        budget.failure_mode = value(pb.FailureMode, self._failure.value, "failure_mode")
        if period == "custom":
            budget.custom_range.first_day, budget.custom_range.last_day = (
                self._first.value or "",
                self._last.value or "",
            )
        elif period == "rolling":
            budget.rolling_window.unit = value(pb.RollingWindow.Unit, self._unit.value, "rolling_window.unit")
            budget.rolling_window.count = _number(self._count.value, "The last")
        else:
            self._carry_over(budget)
        if period not in ("custom", "rolling"):
            budget.calendar.CopyFrom(self._was.calendar)
            budget.calendar.year_start_month = self._fiscal.value
        for name, basis in _RULES.items():
            budget.threshold_rules.extend(self._rules(name, basis))
        budget.threshold_rules.extend(rule for rule in self._was.threshold_rules if rule.basis not in _RULES.values())

    def _carry_over(self, budget: pb.Budget) -> None:
        chosen = self._carry.value
        if not chosen:
            return
        budget.carry_over.CopyFrom(self._was.carry_over)  # keeps a maximum that was set over the API
        budget.carry_over.unspent = chosen in ("unspent", "both")
        budget.carry_over.overspent = chosen in ("overspent", "both")

    def _rules(self, name: str, basis: pb.ThresholdRule.Basis) -> list[pb.ThresholdRule]:
        """Those entered; one that was there before keeps its window and when it re-arms."""
        before = {rule.percent: rule for rule in self._was.threshold_rules if rule.basis == basis}
        parts = [part for part in re.split(r"[,\s]+", (self._basis[name].value or "").strip()) if part]
        percents = sorted({_number(part, f"Alert at percent of {name}") for part in parts})
        return [before.get(percent) or pb.ThresholdRule(basis=basis, percent=percent) for percent in percents]


def _percents_of(budget: pb.Budget, basis: pb.ThresholdRule.Basis) -> str:
    return ", ".join(str(rule.percent) for rule in budget.threshold_rules if rule.basis == basis)


def _carried(carry: pb.CarryOver) -> str:
    if carry.unspent and carry.overspent:
        return "both"
    return "unspent" if carry.unspent else "overspent" if carry.overspent else ""


def _number(text: str, what: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidArgumentError(f"{what}: {text!r} is not a whole number.")
    return int(text)


def _day(label: str, day: str) -> ui.input:
    return _field(ui.input(label, value=day)).props("type=date stack-label")


def _field(element: AnyField) -> AnyField:
    element.props("outlined dense hide-bottom-space").classes("field")
    return element
