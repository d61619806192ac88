"""One anomaly: the sentence, the dollars, and the hours around it against the expected range."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, GetAnomalyRequest, GetExpectedBandRequest
from nicegui import ui

from services.common import money as amounts
from services.common.clock import HOUR, Micros
from services.common.dimensions import is_dimension
from services.common.errors import NotFoundError
from services.console.domain import figures
from services.console.domain.cost_query import all_of, equals
from services.console.domain.periods import Range
from services.console.web.components import anomaly_charts, charts, notices
from services.console.web.components.live import Live
from services.console.web.components.stat import Stat
from services.console.web.components.text import box, card, text
from services.console.web.pages import links, rows
from services.console.web.pages.anomaly_cause import Why
from services.console.web.pages.anomaly_label import LabelCard
from services.console.web.shell import Page
from services.console.web.visit import Visit


async def build(visit: Visit) -> None:
    """The page."""
    name = f"anomalies/{visit.request.path_params['anomaly_id']}"

    async def refresh() -> None:
        try:
            found = (await visit.peers.get_anomaly(visit.caller, GetAnomalyRequest(name=name))).anomaly
        except NotFoundError:
            whole.set_visibility(False)
            missing.set_visibility(True)
            return
        whole.set_visibility(True)
        _show(found)
        why.show(found)
        chart.show(await _chart(visit, found))

    def _show(found: Anomaly) -> None:
        label.show(found)
        sentence.show(found.summary)
        badge.show(f"{rows.severity(found)['t']} · {'open' if found.state == Anomaly.STATE_OPEN else 'closed'}")
        badge.classes(replace=f"badge tone-{rows.severity(found)['tone']}")
        impact.show_money(amounts.from_proto(found.impact), "beyond what was expected")
        actual.show(_quantity(found.actual, found.unit), _rarity(found))
        low, high = _quantity(found.expected_low, found.unit), _quantity(found.expected_high, found.unit)
        expected.show(_quantity(found.expected, found.unit), f"{low} to {high}")
        since = f"from {figures.moment(found.start_unix_micros, visit.time_zone)}"
        lasted.show(figures.span(found.end_unix_micros - found.start_unix_micros), since)
        span = Range(found.start_unix_micros, found.end_unix_micros)
        costs_link.props["href"] = links.costs(span, ("model", "user"), _filter(found))

    live = Live(visit, refresh)
    ui.link("← All anomalies", "/anomalies").classes("back-link")
    whole = box("stack")
    with whole:
        with box("lead"):
            badge = text("", "badge")
            sentence = text("", "lead-text", tag="p")
        with box("stats"):
            impact = Stat("Impact")
            actual = Stat("Out of range")
            expected = Stat("Expected then")
            lasted = Stat("Lasted")
        with card("Hour by hour", "red: the anomaly · green: usually between, as known now"):
            chart = charts.Chart("The series by hour with its expected range")
            costs_link = ui.link("Show these costs", "/costs").classes("card-more")
        why = Why(visit)
        label = LabelCard(visit, live.refresh)
    whole.set_visibility(False)
    missing = notices.empty(
        "o_search_off", "No such anomaly", "It may belong to another tenant, or its address is incomplete."
    )
    missing.set_visibility(False)
    await live.first()


async def _chart(visit: Visit, found: Anomaly) -> dict[str, object]:
    request = GetExpectedBandRequest(name=found.name)
    points = (await visit.peers.get_expected_band(visit.caller, request)).points
    times = [point.time_unix_micros for point in points]
    first = next((i for i, t in enumerate(times) if t >= found.start_unix_micros // HOUR * HOUR), 0)
    last = max((i for i, t in enumerate(times) if t < found.end_unix_micros), default=first)
    return anomaly_charts.band(
        [_label(visit, moment) for moment in [*times, times[-1] + HOUR]],
        [point.actual if point.HasField("actual") else None for point in points],
        [point.expected if point.HasField("expected") else None for point in points],
        [(point.low, point.high) if point.HasField("low") else None for point in points],
        dollars=found.unit.startswith("USD"),
        window=(first, max(first, last) + 1),
    )


def _label(visit: Visit, moment: Micros) -> str:
    return f"{figures.short_day(moment, visit.time_zone)} {figures.clock_time(moment, visit.time_zone)}"


def _quantity(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.0%}"
    if not unit.startswith("USD"):
        return figures.count(round(value))
    return figures.dollars(round(value * amounts.PICOS_PER_DOLLAR))


def _rarity(found: Anomaly) -> str:
    hours = round(found.hours_between)
    return f"{found.unit} · once in {figures.count(hours)} hours" if hours else found.unit


def _filter(found: Anomaly) -> str:
    series = sorted((name, value) for name, value in found.series.items() if is_dimension(name))
    return all_of(*(equals(dimension, value) for dimension, value in series))


PAGE = Page("/anomalies/{anomaly_id}", "Anomaly", build, under="/anomalies")
