"""One anomaly: the sentence, the dollars, and the hours around it against the expected range."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, GetAnomalyRequest
from finops.ledger.v1.ledger_pb2 import CostRow
from nicegui import ui

from services.common import money as amounts
from services.common.clock import DAY, HOUR, MINUTE, Micros
from services.common.dimensions import is_dimension
from services.common.errors import NotFoundError
from services.console.domain import figures
from services.console.domain.cost_query import CostQuery, all_of, equals
from services.console.domain.periods import Range
from services.console.domain.series import cost
from services.console.web.components import charts, notices
from services.console.web.components.live import Live
from services.console.web.components.stat import Stat
from services.console.web.components.text import box, card, text
from services.console.web.pages import links, rows
from services.console.web.shell import Page
from services.console.web.visit import Visit

_BEFORE = 2 * DAY
_AFTER = 12 * HOUR
_MINUTES = HOUR // MINUTE


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
        chart.show(await _chart(visit, found))

    def _show(found: Anomaly) -> None:
        sentence.show(found.summary)
        badge.show(f"{rows.severity(found)['t']} · {'open' if found.state == Anomaly.STATE_OPEN else 'closed'}")
        badge.classes(replace=f"badge tone-{rows.severity(found)['tone']}")
        impact.show_money(amounts.from_proto(found.impact), "beyond what was expected")
        actual.show(_quantity(found.actual, found.unit), found.unit)
        low, high = _quantity(found.expected_low, found.unit), _quantity(found.expected_high, found.unit)
        expected.show(_quantity(found.expected, found.unit), f"{low} to {high}")
        lasted.show(
            figures.span(found.end_unix_micros - found.start_unix_micros),
            f"from {figures.moment(found.start_unix_micros, visit.time_zone)}",
        )
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
        with card("Hour by hour", "shaded: out of range · green: expected"):
            chart = charts.Chart("The series by hour with its expected range")
            costs_link = ui.link("Show these costs", "/costs").classes("card-more")
    whole.set_visibility(False)
    missing = notices.empty(
        "o_search_off", "No such anomaly", "It may belong to another tenant, or its address is incomplete."
    )
    missing.set_visibility(False)
    await live.first()


async def _chart(visit: Visit, found: Anomaly) -> dict[str, object]:
    start = (found.start_unix_micros - _BEFORE) // HOUR * HOUR
    end = min(found.end_unix_micros + _AFTER, visit.now() // HOUR * HOUR + HOUR)
    query = CostQuery(Range(start, max(end, start + HOUR)), (), "hour", "UTC", _filter(found))
    hours = {row.time_unix_micros: row for row in (await visit.peers.query_costs(visit.caller, query.request())).rows}
    times = list(range(start, max(end, start + HOUR), HOUR))
    first = next((i for i, t in enumerate(times) if t >= found.start_unix_micros // HOUR * HOUR), 0)
    last = max((i for i, t in enumerate(times) if t < found.end_unix_micros), default=first)
    by_minute = found.channel == Anomaly.CHANNEL_RUNAWAY
    hourly = _MINUTES if by_minute else 1
    values = [_value(found, hours.get(moment)) for moment in times]
    return charts.band(
        [_label(visit, moment) for moment in [*times, times[-1] + HOUR]],
        [*values, values[-1]],
        name="USD/hour" if by_minute else found.unit,
        dollars=found.unit.startswith("USD"),
        window=(first, max(first, last) + 1),
        low=found.expected_low * hourly,
        expected=found.expected * hourly,
        high=found.expected_high * hourly,
    )


def _label(visit: Visit, moment: Micros) -> str:
    return f"{figures.short_day(moment, visit.time_zone)} {figures.clock_time(moment, visit.time_zone)}"


def _value(found: Anomaly, row: CostRow | None) -> float:
    if row is None:
        return 0.0
    dollars, used = figures.dollars_float(cost(row)), row.quantities
    read = used.cache_read_tokens
    sent = used.input_tokens + read + used.cache_write_tokens + used.cache_write_1h_tokens
    match found.channel:
        case Anomaly.CHANNEL_UNIT_COST:
            return dollars / used.requests if used.requests else 0.0
        case Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST:
            return sent / used.requests if used.requests else 0.0
        case Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST:
            return (used.output_tokens + used.reasoning_tokens) / used.requests if used.requests else 0.0
        case Anomaly.CHANNEL_CACHE_HIT_SHARE:
            return read / sent if sent else 0.0
        case Anomaly.CHANNEL_SILENCE:
            return float(used.requests)
        case _:
            return dollars


def _quantity(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.0%}"
    if not unit.startswith("USD"):
        return figures.count(round(value))
    return figures.dollars(round(value * amounts.PICOS_PER_DOLLAR))


def _filter(found: Anomaly) -> str:
    series = sorted((name, value) for name, value in found.series.items() if is_dimension(name))
    return all_of(*(equals(dimension, value) for dimension, value in series))


PAGE = Page("/anomalies/{anomaly_id}", "Anomaly", build, under="/anomalies")
