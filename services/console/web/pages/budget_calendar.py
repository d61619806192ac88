"""The part of a budget's form that says when its periods begin and end."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb
from nicegui import ui

from services.common.errors import InvalidArgumentError
from services.console.domain.budget_lists import whole
from services.console.domain.enums import value, word, words
from services.console.web.components.entries import field
from services.console.web.components.text import box

FIELDS = ("period", "custom_range", "rolling_window", "calendar")
"""What this part edits, for an update's mask."""

_UNITS = {"hour": "hours", "day": "days"}
_MONTHS = dict(
    enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"), 1,
    )
)  # fmt: skip
_WEEKDAYS = {name: name.capitalize() for name in words(pb.DayOfWeek)}
_PATTERNS = {"": "Months of the calendar"} | {
    name: f"{'-'.join(name)} weeks a quarter" for name in words(pb.WeekPattern)
}
_BY_YEAR = ("month", "quarter", "year")


class Periods:
    """Fields of custom ranges, rolling windows and fiscal calendars; each is shown where the period has it."""

    def __init__(self, budget: pb.Budget, period: ui.select) -> None:
        self._period = period
        with box("form-row") as custom:
            self._first = _day("First day", budget.custom_range.first_day)
            self._last = _day("Last day", budget.custom_range.last_day)
        custom.bind_visibility_from(period, "value", value="custom")
        with box("form-row") as rolling:
            window = budget.rolling_window
            self._count = field(ui.input("The last", value=str(window.count or 24)))
            unit = word(pb.RollingWindow.Unit, window.unit) if window.unit else "hour"
            self._unit = field(ui.select(_UNITS, label="Of", value=unit))
        rolling.bind_visibility_from(period, "value", value="rolling")
        self._calendar(budget.calendar)

    def _calendar(self, calendar: pb.Calendar) -> None:
        with box("form-row form-three") as year:
            self._month = field(ui.select(_MONTHS, label="The year begins in", value=calendar.year_start_month or 1))
            self._day = field(ui.select(list(range(1, 29)), label="On day", value=calendar.year_start_day or 1))
            pattern = word(pb.WeekPattern, calendar.week_pattern) if calendar.week_pattern else ""
            self._pattern = field(ui.select(_PATTERNS, label="Months are", value=pattern))
        year.bind_visibility_from(self._period, "value", backward=lambda chosen: chosen in _BY_YEAR)
        first = word(pb.DayOfWeek, calendar.week_start or pb.DAY_OF_WEEK_MONDAY)
        self._week = field(ui.select(_WEEKDAYS, label="Weeks begin on", value=first))
        self._week.bind_visibility_from(
            self._period, "value", backward=lambda chosen: chosen == "week" or chosen in _BY_YEAR
        )

    def fill(self, budget: pb.Budget) -> None:
        """Puts what was entered into a budget.

        Raises:
            InvalidArgumentError: says which field cannot be read.
        """
        period = self._period.value
        budget.period = value(pb.Period, period, "period")
        if period == "custom":
            budget.custom_range.first_day = self._first.value or ""
            budget.custom_range.last_day = self._last.value or ""
        elif period == "rolling":
            budget.rolling_window.unit = value(pb.RollingWindow.Unit, self._unit.value, "rolling_window.unit")
            try:
                budget.rolling_window.count = whole(self._count.value)
            except ValueError as error:
                raise InvalidArgumentError(f"The last: {error}.") from None
        else:
            # What the period does not use stays as it is: the period may change again.
            budget.calendar.year_start_month, budget.calendar.year_start_day = self._month.value, self._day.value
            budget.calendar.week_start = value(pb.DayOfWeek, self._week.value, "calendar.week_start")
            if self._pattern.value:
                budget.calendar.week_pattern = value(pb.WeekPattern, self._pattern.value, "calendar.week_pattern")


def _day(label: str, day: str) -> ui.input:
    return field(ui.input(label, value=day)).props("type=date stack-label")
