"""Overview: what was spent, where it goes, what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass

from nicegui import ui

from services.common.money import Picos, from_proto
from services.console.domain import figures
from services.console.domain.cost_query import equals
from services.console.domain.series import NONE
from services.console.handlers import overview as use_case
from services.console.web.components import charts, notices
from services.console.web.components.live import Live
from services.console.web.components.segments import segments
from services.console.web.components.stat import Stat
from services.console.web.components.table import Column, DataTable, delta, money
from services.console.web.components.text import box, card, text
from services.console.web.pages import links, rows
from services.console.web.shell import Page
from services.console.web.visit import Visit

_STACK_BY = {"provider": "Provider", "team": "Team", "model": "Model", "tool": "Tool"}
_MOVE_BY = {"team": "Team", "model": "Model", "user": "User", "project": "Project"}
_LISTED = 5


@dataclass
class _Choices:
    """What the person looks at."""

    stack_by: str = "provider"
    move_by: str = "team"


async def build(visit: Visit) -> None:
    """The page."""
    choices = _Choices()
    view = _View(visit, choices)

    async def refresh() -> None:
        found = await use_case.overview(
            visit.peers,
            visit.caller,
            visit.now(),
            visit.time_zone,
            choices.stack_by,
            choices.move_by,
            view.forecast,
        )
        view.show(found)

    live = Live(visit, refresh)
    view.build(live)
    await live.first()


class _View:
    def __init__(self, visit: Visit, choices: _Choices) -> None:
        self._visit = visit
        self._choices = choices
        self.forecast: use_case.MonthForecast | None = None
        """As it was last told."""

    def build(self, live: Live) -> None:
        with box("stats"):
            self._today = Stat("Today", href="/costs?range=today")
            self._month = Stat(
                "Month to date", "Compared with the same days of last month, today left out", "/costs?range=month"
            )
            self._month_end = Stat(
                "Forecast for the month",
                "So far, plus what each hour of the week usually costs at the level of late; usage without a price at "
                "its shadow price",
            )
            self._savings = Stat(
                "Possible savings a month", "Sum of the open recommendations' medians", "/recommendations"
            )
        self._unpriced = box("strip").props('role="status"')
        with self._unpriced:
            ui.icon("o_price_change").props('aria-hidden="true"')
            self._unpriced_text = text()
            ui.link("What, and how to price it", "/unpriced").classes("strip-link")
        self._unpriced.set_visibility(False)

        with box("grid grid-main"):
            with card("Daily spend", f"last {use_case.CHART_DAYS} days", classes="span-2"):
                _segments(_STACK_BY, "Stack by", self._choices, "stack_by", live)
                self._chart = charts.Chart("Daily spend, stacked bars")
                ui.link("Explore these costs", links.costs("30d", ("provider", "team"))).classes("card-more")
                self._no_spend = notices.empty(
                    "o_bolt",
                    "No spend yet",
                    "Send a first event; its cost is here seconds later. Create a key that may send events under Keys.",
                    notices.first_event(self._visit.ingest_url),
                )
                self._no_spend.set_visibility(False)
            with card("Top movers", "7 days against the 7 before"):
                _segments(_MOVE_BY, "Movers by", self._choices, "move_by", live)
                self._movers = DataTable(
                    [
                        Column("name", "", sortable=False),
                        Column("cost", "7 days", "number", sortable=False),
                        Column("change", "Change", "delta", sortable=False),
                    ],
                    "Top movers",
                )
                self._no_movers = notices.empty(
                    "o_swap_vert", "Nothing moved", "Two weeks of spend show who changed most."
                )
        with box("grid grid-three"):
            with card("Budgets at risk"):
                self._budgets = DataTable(
                    [Column("name", "Budget", sortable=False), Column("used", "Used", "bar", sortable=False)],
                    "Budgets at risk",
                )
                self._no_budgets = text("", "card-quiet", tag="p")
                ui.link("All budgets", "/budgets").classes("card-more")
            with card("Open anomalies"):
                self._anomalies = DataTable(
                    [
                        Column("what", "What", sortable=False),
                        Column("impact", "Impact", "number", sortable=False),
                    ],
                    "Open anomalies",
                )
                self._no_anomalies = text("", "card-quiet", tag="p")
                ui.link("All anomalies", "/anomalies").classes("card-more")
            with card("Best savings"):
                self._best = DataTable(
                    [
                        Column("what", "Recommendation", sortable=False),
                        Column("saving", "A month", "number", sortable=False),
                    ],
                    "Best savings",
                )
                self._no_savings = text("", "card-quiet", tag="p")
                ui.link("All recommendations", "/recommendations").classes("card-more")

    def show(self, found: use_case.Overview) -> None:
        if found.spend is not None:
            self._show_spend(found.spend)
        if found.movers is not None:
            self._movers.show(
                [
                    {
                        "id": change.group[0],
                        "name": {"t": change.group[0] or NONE, "href": self._costs_of(change.group[0])},
                        "cost": money(change.now),
                        "change": delta(change.difference, change.ratio),
                    }
                    for change in found.movers
                ]
            )
            self._movers.set_visibility(bool(found.movers))
            self._no_movers.set_visibility(not found.movers)
        self._show_forecast(found.forecast)
        self._show_needs(found)

    def _show_forecast(self, forecast: use_case.MonthForecast | None) -> None:
        if forecast is None:
            return
        self.forecast = forecast
        if not forecast.known:
            self._month_end.show_money(None, "After three days of spend")
            return
        of = forecast.of
        low, high = (figures.dollars(from_proto(amount)) for amount in (of.low, of.high))
        self._month_end.show_money(from_proto(of.expected), f"{low} to {high}" if of.HasField("low") else "")

    def _costs_of(self, mover: str) -> str:
        by = self._choices.move_by
        return links.costs("7d", ("model",) if by != "model" else ("user",), equals(by, mover))

    def _show_spend(self, spend: use_case.Spend) -> None:
        self._today.show_money(spend.today, f"Yesterday {figures.dollars(spend.yesterday)}")
        self._month.show_money(spend.month_to_date, *_against(spend.month_complete_days, spend.last_month_to_date))
        self._unpriced.set_visibility(spend.unpriced_events > 0)
        self._unpriced_text.show(
            f"{figures.plural(spend.unpriced_events, 'event')} of this month had usage without a known price, which is "
            f"in no figure here. At the shadow price, which budgets count, it comes to {figures.dollars(spend.shadow)}."
        )
        known = bool(spend.daily.amounts)
        self._chart.set_visibility(known)
        self._no_spend.set_visibility(not known)
        self._chart.show(
            charts.stacked_bars(
                [figures.short_day(moment, self._visit.time_zone) for moment in spend.daily.times],
                {
                    name: [figures.dollars_float(picos) for picos in amounts]
                    for name, amounts in spend.daily.amounts.items()
                },
            )
        )

    def _show_needs(self, found: use_case.Overview) -> None:
        if found.budgets is not None:
            at_risk = found.at_risk[:_LISTED]
            self._budgets.show([rows.budget_brief(status) for status in at_risk])
            self._budgets.set_visibility(bool(at_risk))
            healthy = (
                f"None: {len(found.budgets)} on track." if found.budgets else "No budgets yet. Create the first one."
            )
            self._no_budgets.show("" if at_risk else healthy)
        if found.anomalies is not None:
            self._anomalies.show([rows.anomaly_brief(a, self._visit.now()) for a in found.anomalies[:_LISTED]])
            self._anomalies.set_visibility(bool(found.anomalies))
            self._no_anomalies.show("" if found.anomalies else "None open. A series is watched from its second week.")
        if found.savings is not None:
            savings = found.savings
            self._savings.show_money(
                savings.median,
                f"{figures.dollars(savings.low)} to {figures.dollars(savings.high)}" if savings.open else "None open",
            )
            self._best.show([rows.recommendation_brief(r) for r in savings.open[:_LISTED]])
            self._best.set_visibility(bool(savings.open))
            self._no_savings.show("" if savings.open else "None yet. They need some days of usage.")


def _against(now: Picos, before: Picos) -> tuple[str, str]:
    """The line below a figure, and its tone."""
    if not before:
        return "", ""
    ratio = (now - before) / before
    return f"{figures.change(ratio)} on last month's same days", "up" if ratio > 0 else "down" if ratio < 0 else ""


def _segments(options: dict[str, str], name: str, choices: _Choices, field: str, live: Live) -> None:
    async def choose(value: str) -> None:
        setattr(choices, field, value)
        await live.refresh()

    segments(options, getattr(choices, field), name, choose)


PAGE = Page("/", "Overview", build, "o_space_dashboard")
