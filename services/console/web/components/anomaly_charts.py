"""Charts of one anomaly: its hours against what is usual, and how the usual became the actual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.console.web.components.charts import TOOLTIP, fan, frame


def band(
    labels: Sequence[str],
    actual: Sequence[float | None],
    expected: Sequence[float | None],
    between: Sequence[tuple[float, float] | None],
    *,
    dollars: bool,
    window: tuple[int, int],
) -> dict[str, Any]:
    """A series by hour, what was expected of each, and from where to where; shaded between two indices.

    Each value holds up to the next label, so there is one label more than values.
    """
    options = frame(labels, money=dollars, bottom=4)
    options["xAxis"]["boundaryGap"] = False
    low = [None if each is None else each[0] for each in between]
    width = [None if each is None else each[1] - each[0] for each in between]
    spent = _steps("Actual", actual, "var(--series-1)", "solid")
    spent["areaStyle"] = {"color": "var(--series-1)", "opacity": 0.08}
    spent["markArea"] = {
        "silent": True,
        "label": {"show": False},
        "itemStyle": {"color": "var(--bad)", "opacity": 0.07},
        "data": [[{"xAxis": labels[window[0]]}, {"xAxis": labels[window[1]]}]],
    }
    usual = [fan("Low", _held(low), 0.0), fan("Usual range", _held(width), 0.22, "var(--good)")]
    return {
        **options,
        "tooltip": {
            **TOOLTIP,
            "axisPointer": {"type": "line", "lineStyle": {"color": "var(--line-strong)"}},
            ":formatter": "afMoneyBandTooltip" if dollars else "afBandTooltip",
        },
        "series": [
            *({**each, "step": "end"} for each in usual),
            _steps("Expected", expected, "var(--good)", "dashed"),
            spent,
        ],
    }


def waterfall(names: Sequence[str], amounts: Sequence[float]) -> dict[str, Any]:
    """From the first amount over the steps between to the last; both ends stand on zero."""
    base: list[float] = []
    level = 0.0
    last = len(amounts) - 1
    for place, amount in enumerate(amounts):
        ends = place in (0, last)
        base.append(0.0 if ends else min(level, level + amount))
        level = amount if ends else level + amount
    steps = [
        (("Total", "var(--series-1)") if place in (0, last) else ("More", "var(--bad)") if amount >= 0 else
         ("Less", "var(--good)"), place, abs(amount))
        for place, amount in enumerate(amounts)
    ]  # fmt: skip
    series: list[dict[str, Any]] = [_bars("Base", list(base), "transparent")]
    for kind in (("Total", "var(--series-1)"), ("More", "var(--bad)"), ("Less", "var(--good)")):
        heights: list[float | str] = ["-"] * len(amounts)
        for found, place, height in steps:
            if found == kind:
                heights[place] = height
        series.append(_bars(*(kind[0], heights, kind[1])))
    return {**frame(names, bottom=4), "tooltip": {**TOOLTIP, ":formatter": "afStepTooltip"}, "series": series}


def _steps(name: str, values: Sequence[float | None], colour: str, stroke: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "data": _held(values),
        "symbol": "none",
        "step": "end",
        "lineStyle": {"color": colour, "width": 2 if stroke == "solid" else 1.5, "type": stroke},
        "itemStyle": {"color": colour},
        "emphasis": {"disabled": True},
    }


def _bars(name: str, values: Sequence[float | str], colour: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "bar",
        "stack": "steps",
        "data": list(values),
        "barMaxWidth": 46,
        "itemStyle": {"color": colour},
        "emphasis": {"disabled": True},
    }


def _held(values: Sequence[float | None]) -> list[float | None]:
    return [*values, values[-1]] if values else []
