"""Rows of tables that more than one page shows."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from finops.anomaly.v1.anomaly_pb2 import Anomaly
from finops.budget.v1.budget_pb2 import BudgetStatus
from finops.recommendation.v1.recommendation_pb2 import Recommendation

from services.common import money as amounts
from services.common.clock import Micros
from services.console.domain import figures
from services.console.domain.budget_limits import heads_over, holds_for_each, limit, limit_words
from services.console.handlers.overview import AT_RISK_RATIO
from services.console.web.components.table import Cell, Row, money
from services.console.web.pages import links

_SEVERITY_TONES = {
    Anomaly.SEVERITY_HIGH: "bad",
    Anomaly.SEVERITY_MEDIUM: "warn",
    Anomaly.SEVERITY_LOW: "quiet",
}


def last_part(name: str) -> str:
    """`budgets/search` is `search`."""
    return name.rpartition("/")[2]


def usage_bar(status: BudgetStatus) -> Cell:
    """How much of a budget is used, where its thresholds lie, and where the forecast ends."""
    amount = limit(status)
    forecast = amounts.from_proto(status.forecast)
    spent = amounts.from_proto(status.actual) + amounts.from_proto(status.shadow)
    tone = (
        "bad"
        if status.used_ratio >= 1
        else "warn"
        if status.used_ratio >= AT_RISK_RATIO or heads_over(status)
        else "good"
    )
    percents = list(status.budget.threshold_percents)
    return {
        "t": figures.percent(status.used_ratio),
        "s": status.used_ratio,
        "x": f"{figures.dollars(spent)} used of {limit_words(status)}; forecast {figures.dollars(forecast)}",
        "tone": tone,
        "width": status.used_ratio * 100,
        "ticks": [float(percent) for percent in percents if percent < 100],
        "mark": 100 * forecast / amount if amount and forecast > spent and not holds_for_each(status) else None,
    }


def budget_title(status: BudgetStatus) -> str:
    """Its display name, or its id."""
    return status.budget.display_name or last_part(status.budget.name)


def budget_brief(status: BudgetStatus) -> Row:
    """One line on the overview."""
    amount, forecast = limit(status), amounts.from_proto(status.forecast)
    return {
        "id": status.budget.name,
        "name": {
            "t": budget_title(status),
            "href": links.budget(status.budget.name),
            "t2": f"{limit_words(status)} · forecast {figures.dollars_short(forecast)}"
            if holds_for_each(status)
            else f"{figures.dollars_short(amount)} · forecast {figures.dollars_short(forecast)}",
        },
        "used": usage_bar(status),
    }


def series_name(series: Mapping[str, str]) -> str:
    """team search · model gpt-4o."""
    return " · ".join(f"{dimension} {value}" for dimension, value in sorted(series.items())) or "all spend"


def severity(found: Anomaly) -> Cell:
    """As a badge."""
    names = {Anomaly.SEVERITY_HIGH: "High", Anomaly.SEVERITY_MEDIUM: "Medium", Anomaly.SEVERITY_LOW: "Low"}
    return {
        "t": names.get(found.severity, "Unknown"),
        "s": float(found.severity),
        "tone": _SEVERITY_TONES.get(found.severity, "quiet"),
    }


def anomaly_href(found: Anomaly) -> str:
    """Where its page is."""
    return f"/anomalies/{quote(last_part(found.name), safe='')}"


def anomaly_brief(found: Anomaly, now: Micros) -> Row:
    """One line on the overview."""
    return {
        "id": found.name,
        "what": {
            "t": series_name(found.series),
            "href": anomaly_href(found),
            "x": found.summary,
            "t2": f"{channel(found)} · since {figures.ago(found.start_unix_micros, now)}",
        },
        "impact": money(amounts.from_proto(found.impact)),
    }


def channel(found: Anomaly) -> str:
    """What left its range."""
    return {
        Anomaly.CHANNEL_COST: "Cost",
        Anomaly.CHANNEL_UNIT_COST: "Cost per request",
        Anomaly.CHANNEL_SILENCE: "Silence",
        Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST: "Input tokens per request",
        Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST: "Output tokens per request",
        Anomaly.CHANNEL_CACHE_HIT_SHARE: "Share read from the cache",
        Anomaly.CHANNEL_RUNAWAY: "Runaway",
        Anomaly.CHANNEL_KEY_NOVELTY: "Key used in new ways",
        Anomaly.CHANNEL_NEW_PAIRS: "New models of people",
        Anomaly.CHANNEL_DRIFT: "Drift",
        Anomaly.CHANNEL_ERROR_SHARE: "Share of failed requests",
    }.get(found.channel, "Unknown")


def recommendation_brief(found: Recommendation) -> Row:
    """One line on the overview."""
    return {
        "id": found.name,
        "what": {
            "t": found.title,
            "href": "/recommendations",
            "x": found.action,
            "t2": f"confidence {figures.percent(found.confidence)}",
        },
        "saving": money(amounts.from_proto(found.monthly_saving)),
    }
