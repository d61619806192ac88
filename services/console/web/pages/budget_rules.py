"""The part of a budget's form that says for whom it holds, what it leaves to the next period, and what fails."""

from __future__ import annotations

from collections.abc import Mapping

from finops.budget.v1 import budget_pb2 as pb
from nicegui import ui

from services.common import money
from services.common.dimensions import DIMENSIONS
from services.common.errors import InvalidArgumentError
from services.console.domain.budget_lists import dollars, plain
from services.console.domain.enums import value, word
from services.console.web.components.entries import field
from services.console.web.components.text import box

FIELDS = ("parent", "per", "carry_over", "count_committed", "failure_mode")
"""What this part edits, for an update's mask."""

_PER = {"": "All together", **{name: f"Each {name.replace('_', ' ')}" for name in DIMENSIONS if name != "tenant"}}
_CARRY = {"": "Nothing", "unspent": "What was unspent", "overspent": "What was overspent", "both": "Both"}
_FAILURE = {"open": "Let through", "closed": "Refuse"}


class Rules:
    """`period`: the form's own choice of it, which decides whether there is a next one."""

    def __init__(self, budget: pb.Budget, parents: Mapping[str, str], period: ui.select) -> None:
        self._period = period
        with box("form-row"):
            others = {name: title for name, title in parents.items() if name != budget.name}
            known = {budget.parent: budget.parent, **others, "": "None"}
            self._parent = field(ui.select(known, label="Within", value=budget.parent))
            per = {**_PER, **({budget.per: f"Each {budget.per}"} if budget.per else {})}
            self._per = field(
                ui.select(per, label="Holds for", value=budget.per, with_input=True, new_value_mode="add-unique")
            )
        with box("form-row") as carried:
            carry = budget.carry_over
            self._carry = field(ui.select(_CARRY, label="Carried to the next period", value=_carried(carry)))
            most = plain(money.from_proto(carry.maximum)) if carry.HasField("maximum") else ""
            self._most = field(ui.input("At most, US dollars", value=most, placeholder="no limit"))
            self._most.bind_visibility_from(self._carry, "value", backward=bool)
        carried.bind_visibility_from(period, "value", backward=lambda chosen: chosen not in ("custom", "rolling"))
        failure = word(pb.FailureMode, budget.failure_mode or pb.FAILURE_MODE_OPEN)
        self._failure = field(ui.select(_FAILURE, label="While no answer can be given", value=failure))
        self._committed = ui.switch(
            "Count seats and commitments of the rest of the period", value=budget.count_committed
        )

    def fill(self, budget: pb.Budget) -> None:
        """Puts what was entered into a budget.

        Raises:
            InvalidArgumentError: says which field cannot be read.
        """
        budget.parent, budget.per = self._parent.value or "", self._per.value or ""
        budget.count_committed = self._committed.value
        budget.failure_mode = value(pb.FailureMode, self._failure.value, "failure_mode")
        chosen = self._carry.value
        if not chosen or self._period.value in ("custom", "rolling"):
            return
        budget.carry_over.unspent = chosen in ("unspent", "both")
        budget.carry_over.overspent = chosen in ("overspent", "both")
        if self._most.value:
            try:
                budget.carry_over.maximum.CopyFrom(money.to_proto(dollars(self._most.value)))
            except ValueError as error:
                raise InvalidArgumentError(f"At most: {error}.") from None


def _carried(carry: pb.CarryOver) -> str:
    if carry.unspent and carry.overspent:
        return "both"
    return "unspent" if carry.unspent else "overspent" if carry.overspent else ""
