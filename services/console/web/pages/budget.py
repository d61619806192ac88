"""One budget: its course against its limit, where it is heading, its thresholds, members and holds."""

from __future__ import annotations

from urllib.parse import quote

from finops.budget.v1 import budget_pb2 as pb
from nicegui import ui

from services.common.clock import Micros
from services.common.errors import NotFoundError
from services.common.money import Picos, from_proto
from services.console.domain import figures
from services.console.domain.budget_course import course
from services.console.domain.budget_limits import heads_over, holds_for_each, limit, limit_words
from services.console.domain.enums import word
from services.console.domain.periods import Range, zone
from services.console.handlers.budget_view import BudgetView, budget_view
from services.console.web.components import charts, notices
from services.console.web.components.facts import Linked, facts
from services.console.web.components.live import Live
from services.console.web.components.stat import Stat
from services.console.web.components.table import Column, DataTable, Row, money
from services.console.web.components.text import box, card, text
from services.console.web.pages import links, rows
from services.console.web.shell import Page
from services.console.web.visit import Visit

_THRESHOLDS = [
    Column("rule", "Threshold", "title", sortable=False),
    Column("state", "State", "badge", sortable=False),
    Column("when", "When", sortable=False),
]
_MEMBERS = [
    Column("member", "Member", "title"),
    Column("used", "Used", "bar"),
    Column("spent", "Spent", "number"),
    Column("limit", "Limit", "number", minor=True),
    Column("forecast", "Forecast", "number", minor=True),
]
_HOLDS = [
    Column("request", "Request", "title"),
    Column("amount", "Amount", "number"),
    Column("state", "State", "badge"),
    Column("what", "For", minor=True),
    Column("expires", "Until"),
]


async def build(visit: Visit) -> None:
    """The page."""
    await _Budget(visit).build()


class _Budget:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._name = f"budgets/{visit.request.path_params['budget_id']}"

    async def build(self) -> None:
        live = Live(self._visit, self._refresh)
        ui.link("← All budgets", "/budgets").classes("back-link")
        self._whole = box("stack")
        with self._whole:
            self._title = text("", "page-total", tag="h2")
            with box("stats"):
                self._spent = Stat("Spent", "Unpriced use counts at its shadow price")
                self._remaining = Stat("Remaining", "After what is held, settled and, where it counts, committed")
                self._forecast = Stat("Forecast at the period's end")
                self._exhausted = Stat("Used up")
            with card("Course of the period", "shaded: the forecast's interval at the period's end, as a fan from now"):
                self._chart = charts.Chart("Spend of the period with its forecast and limit", "chart chart-tall")
                self._no_chart = text("The course is not known now.", "card-quiet", tag="p")
                self._costs = ui.link("Show these costs and their events", "/costs").classes("card-more")
            with box("grid grid-main"):
                with card("Thresholds"):
                    self._thresholds = DataTable(_THRESHOLDS, "Thresholds")
                with card("What it counts"):
                    self._facts = box("stack")
            self._per_member = box("stack")
            with self._per_member, card("Members", "those that used most of their amount first"):
                self._members = DataTable(_MEMBERS, "Members", page_size=25)
            with card("Open holds", "reserved, or settled and not yet in the sum"):
                self._holds = DataTable(_HOLDS, "Open holds", page_size=25)
                self._no_holds = text("", "card-quiet", tag="p")
        self._whole.set_visibility(False)
        self._missing = notices.empty(
            "o_search_off", "No such budget", "It was deleted, belongs to another tenant, or its address is incomplete."
        )
        self._missing.set_visibility(False)
        await live.first()

    async def _refresh(self) -> None:
        try:
            found = await budget_view(self._visit.peers, self._visit.caller, self._name)
        except NotFoundError:
            self._whole.set_visibility(False)
            self._missing.set_visibility(True)
            return
        self._whole.set_visibility(True)
        self._show_stats(found.status)
        self._show_course(found)
        self._thresholds.show([_threshold(self._visit, i, each) for i, each in enumerate(found.status.thresholds)])
        self._show_facts(found)
        self._per_member.set_visibility(bool(found.status.budget.per))
        self._members.show([_member(found.condition, each) for each in found.members or ()])
        holds = found.holds or ()
        self._holds.show([_hold(self._visit, hold) for hold in holds])
        self._holds.set_visibility(bool(holds))
        self._no_holds.show("" if holds else "Not known now." if found.holds is None else "None.")

    def _show_stats(self, status: pb.BudgetStatus) -> None:
        building = " · rebuilding from the ledger" if status.rebuilding else ""
        self._title.show(rows.budget_title(status) + building)
        self._spent.show_money(
            _spent(status), f"{figures.percent(status.used_ratio)} of {limit_words(status)}",
            "up" if status.used_ratio >= 1 else "",
        )  # fmt: skip
        held = from_proto(status.held) + from_proto(status.settled)
        self._remaining.show_money(from_proto(status.remaining), f"{figures.dollars(held)} held" if held else "")
        expected = from_proto(status.forecast)
        self._forecast.show_money(expected, _interval(status), "up" if heads_over(status) else "")
        self._exhausted.show(*self._exhaustion(status))

    def _exhaustion(self, status: pb.BudgetStatus) -> tuple[str, str, str]:
        burn = f"{figures.dollars(from_proto(status.burn_per_day))} in 24 h"
        pace = f"{burn}, {figures.percent(status.burn_ratio)} of the even pace" if status.burn_ratio else burn
        if not holds_for_each(status) and _spent(status) >= limit(status):
            return "Already", pace, "up"
        if not status.exhaust_unix_micros:
            return "Not this period", pace, ""
        return figures.day(status.exhaust_unix_micros, zone(status.budget.time_zone)), pace, "up"

    def _show_course(self, found: BudgetView) -> None:
        status, forecast = found.status, found.forecast
        span = Range(status.period_start_unix_micros, status.period_end_unix_micros)
        self._costs.props["href"] = links.costs(
            Range(span.start, min(span.end, self._visit.now())), ("model", "user"), found.condition
        )
        known = forecast is not None and bool(forecast.points)
        self._chart.set_visibility(known)
        self._no_chart.set_visibility(not known)
        if forecast is None or not known:
            return
        path = course(forecast.points)
        tz = zone(status.budget.time_zone)
        told = forecast.forecast
        self._chart.show(
            charts.spend_course(
                [f"{figures.short_day(moment, tz)} {figures.clock_time(moment, tz)}" for moment in path.times],
                [_dollars(value) for value in path.spent],
                [_dollars(value) for value in path.expected],
                (figures.dollars_float(from_proto(told.low)), figures.dollars_float(from_proto(told.high)))
                if told.HasField("high")
                else None,
                _lines(status),
            )
        )

    def _show_facts(self, found: BudgetView) -> None:
        status, budget = found.status, found.status.budget
        tz = zone(budget.time_zone)
        ends = status.period_end_unix_micros - 1
        told: dict[str, str | Linked] = {
            "Filter": budget.filter or "all spend",
            "Period": f"{word(pb.Period, budget.period)}: {figures.day(status.period_start_unix_micros, tz)} to "
            f"{figures.day(ends, tz)}, {budget.time_zone or 'UTC'}",
            "Amount": figures.dollars(from_proto(budget.amount)),
            "Increased by": _if_any(from_proto(status.increased)),
            "Carried over": _if_any(from_proto(status.carried_over)),
            "Committed": _if_any(from_proto(status.committed)),
            "At the limit": word(pb.Enforcement, budget.enforcement or pb.ENFORCEMENT_OBSERVE),
            "For each": budget.per.replace("_", " "),
            "Forecast": _method(status),
        }
        for parent in found.parents:
            told["Within"] = Linked(parent.display_name or rows.last_part(parent.name), links.budget(parent.name))
            break
        for number, child in enumerate(found.children, 1):
            title = child.display_name or rows.last_part(child.name)
            told[f"Contains {number}"] = Linked(title, links.budget(child.name))
        self._facts.clear()
        with self._facts:
            facts(told)


def _spent(status: pb.BudgetStatus) -> Picos:
    return from_proto(status.actual) + from_proto(status.shadow)


def _dollars(value: Picos | None) -> float | None:
    return None if value is None else figures.dollars_float(value)


def _if_any(amount: Picos) -> str:
    return figures.dollars(amount) if amount else ""


def _lines(status: pb.BudgetStatus) -> dict[str, float]:
    """The limit, and the thresholds on spend below it; none where they hold for each member."""
    if holds_for_each(status):
        return {}
    line = figures.dollars_float(limit(status))
    percents = {each.percent for each in status.thresholds if _basis(each) == "actual"}
    return {f"{percent}%": line * percent / 100 for percent in sorted(percents - {100})} | {"Limit": line}


def _basis(threshold: pb.ThresholdStatus) -> str:
    return word(pb.ThresholdRule.Basis, threshold.rule.basis or pb.ThresholdRule.BASIS_ACTUAL)


def _interval(status: pb.BudgetStatus) -> str:
    if not status.HasField("forecast_detail"):
        return "Too little history for an interval"
    told = status.forecast_detail
    low, high = figures.dollars(from_proto(told.low)), figures.dollars(from_proto(told.high))
    return f"{low} to {high}, {figures.percent(told.coverage)} sure"


def _method(status: pb.BudgetStatus) -> str:
    told = status.forecast_detail
    if not status.HasField("forecast_detail"):
        return ""
    tested = told.past_error == told.past_error  # NaN differs from itself: nothing was tested
    error = f", {figures.percent(told.past_error)} off in the past" if tested else ""
    return f"{told.method} of {told.history_hours:,} hours{error}"


def _when(visit: Visit, micros: Micros) -> str:
    return figures.moment(micros, visit.time_zone)


def _threshold(visit: Visit, index: int, threshold: pb.ThresholdStatus) -> Row:
    basis = _basis(threshold).replace("_", " ")
    crossed, below = threshold.crossed_unix_micros, threshold.back_below_unix_micros
    state = ("Crossed", "bad") if crossed > below else ("Back below", "warn") if below else ("Not crossed", "quiet")
    when = max(crossed, below)
    return {
        "id": str(index),
        "rule": {"t": f"{threshold.percent}% of the {'even pace' if basis == 'burn rate' else 'limit'}", "t2": basis},
        "state": {"t": state[0], "tone": state[1]},
        "when": {"t": _when(visit, when) if when else "–"},
    }


def _member(condition: str, status: pb.BudgetStatus) -> Row:
    return {
        "id": quote(status.member),
        "member": {
            "t": status.member or "(none)",
            "href": links.member_costs(status, condition),
        },
        "used": rows.usage_bar(status),
        "spent": money(_spent(status)),
        "limit": money(limit(status)),
        "forecast": money(from_proto(status.forecast)),
    }


def _hold(visit: Visit, hold: pb.Hold) -> Row:
    what = ", ".join(f"{name} {value}" for name, value in sorted(hold.intent.dimensions.items()))
    return {
        "id": hold.request_id,
        "request": {"t": hold.request_id},
        "amount": money(from_proto(hold.amount)),
        "state": {"t": "Settled", "tone": "good"} if hold.settled else {"t": "Held", "tone": "warn"},
        "what": {"t": what or "–", "x": what},
        "expires": {"t": _when(visit, hold.expire_unix_micros), "s": float(hold.expire_unix_micros)},
    }


PAGE = Page("/budgets/{budget_id}", "Budget", build, under="/budgets")
