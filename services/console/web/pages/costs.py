"""The cost explorer: group, filter, compare, download; open a row to see the events behind it."""

from __future__ import annotations

from finops.ledger.v1.ledger_pb2 import CostRow
from nicegui import ui

from services.common.dimensions import DIMENSIONS
from services.common.errors import InvalidArgumentError
from services.common.money import from_proto
from services.console.domain import figures, series
from services.console.domain.cost_query import CostQuery, all_of, equals
from services.console.domain.periods import PRESETS
from services.console.handlers import explore
from services.console.web.components import charts, notices
from services.console.web.components.live import Live
from services.console.web.components.stat import Stat
from services.console.web.components.table import Column, DataTable, Row, delta, money, number
from services.console.web.components.text import box, card, text
from services.console.web.pages import cost_entries
from services.console.web.pages.cost_choices import STEPS, Choices
from services.console.web.shell import Page
from services.console.web.visit import Visit

_GROUPS = [name for name in DIMENSIONS if name != "tenant"]


async def build(visit: Visit) -> None:
    """The page."""
    await _Explorer(visit).build()


class _Explorer:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._choices = Choices.of(visit.request.query_params)
        self._found: explore.Explored | None = None

    async def build(self) -> None:
        self._live = Live(self._visit, self._refresh)
        self._controls()
        with box("stats"):
            self._total = Stat("Spend")
            self._before = Stat("Period before")
            self._requests = Stat("Requests")
            self._tokens = Stat("Tokens")
        with card("Spend over time"):
            self._chart = charts.Chart("Spend over time, stacked bars", "chart chart-tall")
        with box("card card-flush", tag="section"):
            with box("card-head"):
                text("By group", "card-title", tag="h2")
                self._read_from = text("", "card-note")
                ui.space()
                ui.button("CSV", icon="o_download", on_click=self._download).props("flat no-caps dense").classes(
                    "button"
                )
            self._table = DataTable([], "Costs by group", on_open=self._open, page_size=50)
            self._nothing = notices.empty(
                "o_query_stats",
                "No costs here",
                "Nothing in this range passes the filter. Widen the range, take the filter out, or send events:",
                notices.first_event(self._visit.ingest_url),
            )
            self._nothing.set_visibility(False)
        await self._live.first()

    def _controls(self) -> None:
        choices = self._choices
        with box("controls", tag="form") as form:
            form.props["aria-label"] = "What to show"
            form.on("submit", js_handler="(e) => e.preventDefault()")
            period = ui.select(PRESETS, label="Range", value=choices.range).classes("field field-s")
            with box("custom-range") as custom:
                start = (
                    ui.input("From", value=choices.start[:10]).props("type=date stack-label").classes("field field-s")
                )
                end = ui.input("Until", value=choices.end[:10]).props("type=date stack-label").classes("field field-s")
            custom.bind_visibility_from(period, "value", value="custom")
            by = ui.select(
                sorted({*_GROUPS, *choices.by}, key=[*_GROUPS, *choices.by].index),
                label="Group by", value=list(choices.by), multiple=True, with_input=True, new_value_mode="add-unique",
            ).classes("field field-m")  # fmt: skip
            by.props("use-chips max-values=3 input-debounce=0 hide-dropdown-icon")
            step = ui.select(STEPS, label="Step", value=choices.step).classes("field field-xs")
            condition = ui.input("Filter", value=choices.filter, placeholder='team = "search" AND model = "gpt-4o"')
            condition.classes("field field-grow").props("clearable stack-label hide-bottom-space")
            compare = ui.switch("Compare", value=choices.compare).props("dense").classes("switch")
        for element in (period, start, end, by, step, condition):
            element.props("outlined dense")

        async def changed() -> None:
            choices.range, choices.step, choices.compare = period.value, step.value, compare.value
            choices.start, choices.end = start.value or "", end.value or ""
            choices.by = tuple(by.value or ())
            choices.filter = (condition.value or "").strip()
            ui.navigate.history.replace(f"/costs?{choices.query_string()}")
            await self._live.refresh()

        for chosen in (period, by, step, compare):
            chosen.on_value_change(changed)
        for entered in (start, end):
            entered.on("change", changed)
        condition.on("keydown.enter", changed)
        condition.on("blur", changed)
        condition.on("clear", changed)
        self._condition = condition

    def _query(self) -> CostQuery:
        return self._choices.query(self._visit.now(), self._visit.time_zone)

    async def _refresh(self) -> None:
        try:
            found = await explore.explore(
                self._visit.peers, self._visit.caller, self._query(), compare=self._choices.compare
            )
        except InvalidArgumentError as error:
            self._condition.props["error"] = True
            self._condition.props["error-message"] = error.message
            return
        self._condition.props["error"] = False
        self._found = found
        self._show(found)

    def _show(self, found: explore.Explored) -> None:
        self._total.show_money(found.total, _period(found.query, self._visit))
        before = found.total_before
        if before is None:
            self._before.show("–", "Not compared")
        else:
            ratio = (found.total - before) / before if before else None
            difference = found.total - before
            tone = "" if not before or not difference else "up" if difference > 0 else "down"
            self._before.show_money(before, f"{figures.change(ratio)} since" if before else "Nothing then", tone)
        self._requests.show(figures.count(sum(row.quantities.requests for row in found.totals)))
        unpriced = sum(row.unpriced_events for row in found.totals)
        self._tokens.show(
            figures.count(sum(_tokens(row) for row in found.totals)),
            f"{figures.plural(unpriced, 'event')} without a price" if unpriced else "", "up" if unpriced else "",
        )  # fmt: skip
        self._read_from.show(f"read from {found.read_from.replace('_', ' ')}" if found.read_from else "")
        self._chart.show(
            charts.stacked_bars(
                [_bucket(found.query, moment, self._visit) for moment in found.over_time.times],
                {
                    name: [figures.dollars_float(amount) for amount in amounts]
                    for name, amounts in found.over_time.amounts.items()
                },
                None
                if found.before_over_time is None
                else [figures.dollars_float(amount) for amount in found.before_over_time],
            )
        )
        self._table.set_columns(_columns(found))
        self._table.show(_rows(found))
        some = bool(found.totals)
        self._table.set_visibility(some)
        self._nothing.set_visibility(not some)

    async def _open(self, row_id: str) -> None:
        found = self._found
        if found is None:
            return
        group = tuple(found.totals[int(row_id)].group) if int(row_id) < len(found.totals) else ()
        condition = all_of(
            found.query.filter, *(equals(name, value) for name, value in zip(found.query.group_by, group, strict=True))
        )
        await cost_entries.show(self._visit, series.label(group), found.query.period, condition)

    async def _download(self) -> None:
        with self._visit.telling():
            query = self._query()
            rows = (await self._visit.peers.query_costs(self._visit.caller, query.request())).rows
            content = explore.to_csv(query, rows, self._visit.time_zone)
            ui.download.content(content, f"costs-{_period(query, self._visit).replace(' ', '-')}.csv", "text/csv")


def _columns(found: explore.Explored) -> list[Column]:
    groups = [
        Column(name, name.removeprefix("tag:").replace("_", " ").capitalize(), "title") for name in found.query.group_by
    ]
    compared = [Column("before", "Before", "number", minor=True), Column("change", "Change", "delta")]
    return [
        *(groups or [Column("all", "", "title")]),
        Column("cost", "Spend", "number"),
        Column("share", "Share", "share", minor=True),
        *(compared if found.before is not None else []),
        Column("requests", "Requests", "number", minor=True),
        Column("tokens", "Tokens", "number", minor=True),
        Column("unpriced", "Unpriced", "number", minor=True),
    ]


def _rows(found: explore.Explored) -> list[Row]:
    total = found.total
    former = {tuple(row.group): series.cost(row) for row in found.before or ()}
    rows: list[Row] = []
    for index, row in enumerate(found.totals):
        cost = series.cost(row)
        shown: Row = {
            "id": str(index),
            "cost": money(cost),
            "share": {"t": figures.percent(cost / total) if total else "–", "s": figures.dollars_float(cost)},
            "requests": number(row.quantities.requests),
            "tokens": number(_tokens(row)),
            "unpriced": _unpriced(row.unpriced_events, figures.dollars(from_proto(row.shadow_cost))),
        }
        if found.query.group_by:
            shown |= {
                name: {"t": value or series.NONE, "tone": "" if value else "faint"}
                for name, value in zip(found.query.group_by, row.group, strict=True)
            }
        else:
            shown["all"] = {"t": "All spend"}
        if found.before is not None:
            change = series.Change(tuple(row.group), cost, former.get(tuple(row.group), 0))
            shown |= {"before": money(change.before), "change": delta(change.difference, change.ratio)}
        rows.append(shown)
    return rows


def _unpriced(events: int, shadow: str) -> dict[str, object]:
    if not events:
        return {"t": "–", "s": 0, "tone": "faint"}
    return {"t": figures.count(events), "s": events, "tone": "up", "x": f"{shadow} at the shadow price, not in spend"}


def _tokens(row: CostRow) -> int:
    return cost_entries.tokens(row.quantities)


def _period(query: CostQuery, visit: Visit) -> str:
    first = figures.day(query.period.start, visit.time_zone)
    last = figures.day(query.period.end - 1, visit.time_zone)
    return first if first == last else f"{first} to {last}"


def _bucket(query: CostQuery, moment: int, visit: Visit) -> str:
    match query.granularity:
        case "hour":
            return f"{figures.short_day(moment, visit.time_zone)} {figures.clock_time(moment, visit.time_zone)}"
        case "month":
            return figures.month(moment, visit.time_zone)
        case _:
            return figures.short_day(moment, visit.time_zone)


PAGE = Page("/costs", "Costs", build, "o_query_stats", "Any spend, by anything")
