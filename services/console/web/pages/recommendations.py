"""Recommendations: what could be saved, how sure that is, and what it rests on."""

from __future__ import annotations

from finops.recommendation.v1.recommendation_pb2 import Recommendation
from nicegui import ui

from services.common import money as amounts
from services.common.dimensions import is_dimension
from services.console.domain import figures
from services.console.domain.cost_query import all_of, equals
from services.console.handlers import listing
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.segments import segments
from services.console.web.components.text import box, text
from services.console.web.pages import links
from services.console.web.pages.rows import series_name
from services.console.web.shell import Page
from services.console.web.visit import Visit

_STATES = {"open": "Open", "realised": "Realised", "withdrawn": "Withdrawn"}
_VALUES = {
    "open": Recommendation.STATE_OPEN,
    "realised": Recommendation.STATE_REALISED,
    "withdrawn": Recommendation.STATE_WITHDRAWN,
}


async def build(visit: Visit) -> None:
    """The page."""
    drawn: list[Recommendation] = []

    async def refresh() -> None:
        found = await listing.recommendations(visit.peers, visit.caller, _VALUES[shown.value])
        nothing.set_visibility(not found)
        total.show(_total(found))
        if found != drawn:
            drawn[:] = found
            cards.clear()
            with cards:
                for each in found:
                    _card(each)

    async def choose(_state: str) -> None:
        await live.refresh()

    live = Live(visit, refresh)
    with box("page-actions"):
        total = text("", "page-total")
        ui.space()
        shown = segments(_STATES, "open", "Which recommendations", choose)
    cards = box("stack")
    nothing = notices.empty(
        "o_tips_and_updates",
        "No recommendations here",
        "They are computed from usage: seats nobody uses, work that a cheaper model does as well. They need some days "
        "of events with models, users and seats.",
        notices.first_event(visit.ingest_url),
    )
    nothing.set_visibility(False)
    await live.first()


def _total(found: list[Recommendation]) -> str:
    if not found:
        return ""
    low, mid, high = (
        figures.dollars(sum(amounts.from_proto(getattr(each, name)) for each in found))
        for name in ("monthly_saving_low", "monthly_saving", "monthly_saving_high")
    )
    return f"{mid} a month in {len(found)}, between {low} and {high}"


def _costs(found: Recommendation) -> str:
    """The spend it is about."""
    known = sorted((name, value) for name, value in found.subject.items() if is_dimension(name))
    return links.costs("30d", ("model", "user"), all_of(*(equals(name, value) for name, value in known)))


def _card(found: Recommendation) -> None:
    low, mid, high = (
        amounts.from_proto(amount)
        for amount in (found.monthly_saving_low, found.monthly_saving, found.monthly_saving_high)
    )
    with box("card advice", tag="article") as whole:
        whole.props["aria-label"] = found.title
        with box("advice-main"):
            with box("advice-tags"):
                text(found.rule.replace("_", " ").capitalize(), "badge tone-quiet")
                text(series_name(found.subject), "advice-subject")
                ui.link("Its costs", _costs(found)).classes("fact-link")
            text(found.title, "advice-title", tag="h2")
            text(found.action, "advice-action", tag="p")
            if found.evidence:
                with box("evidence", tag="ul"):
                    for evidence in found.evidence:
                        with box("evidence-item" + ("" if evidence.present else " evidence-missing"), tag="li"):
                            ui.icon("o_check_circle" if evidence.present else "o_radio_button_unchecked").props(
                                'role="img"'
                            ).props["aria-label"] = "Known" if evidence.present else "Still to be shown"
                            text(evidence.statement)
        with box("advice-side"):
            text(figures.dollars(mid), "advice-saving", title=figures.dollars_exact(mid))
            text("a month", "advice-unit")
            _interval(low, mid, high)
            with box("confidence"):
                text(f"Confidence {figures.percent(found.confidence)}")
                with box("bar") as bar:
                    bar.props["role"] = "img"
                    bar.props["aria-label"] = f"Confidence {figures.percent(found.confidence)}"
                    box("bar-fill tone-accent").style(f"width: {100 * found.confidence:.0f}%")


def _interval(low: int, mid: int, high: int) -> None:
    """From the 10th to the 90th percentile, on a scale from nothing to the highest."""
    scale = max(high, 1)
    with box("interval") as whole:
        whole.props["role"] = "img"
        whole.props["aria-label"] = f"Between {figures.dollars(low)} and {figures.dollars(high)}"
        left = 100 * max(low, 0) / scale
        box("interval-range").style(f"left: {left:.1f}%; width: {100 * max(high, 0) / scale - left:.1f}%")
        box("interval-mark").style(f"left: {100 * max(mid, 0) / scale:.1f}%")
    with box("interval-ends"):
        text(figures.dollars(low), title="10th percentile")
        text(figures.dollars(high), title="90th percentile")


PAGE = Page("/recommendations", "Recommendations", build, "o_tips_and_updates", "Savings, with their evidence")
