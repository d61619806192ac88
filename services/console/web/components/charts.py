"""Charts: few colours, thin axes, exact tooltips. SVG with CSS variables: the theme is the style sheet's alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from services.console.domain.series import OTHER

COLOURS = [f"var(--series-{n})" for n in range(1, 9)]
_OTHER_COLOUR = "var(--series-other)"
_FONT = '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, sans-serif'
"""As in the style sheet; a chart measures its texts before the style sheet reaches them."""
AXIS_TEXT = {"color": "var(--muted)", "fontSize": 11, "fontFamily": _FONT}
TOOLTIP = {
    "trigger": "axis",
    "confine": True,
    "backgroundColor": "var(--panel)",
    "borderColor": "var(--line-strong)",
    "borderWidth": 1,
    "padding": [10, 12],
    "textStyle": {"color": "var(--ink)", "fontSize": 12, "fontFamily": _FONT},
    "extraCssText": "border-radius:8px;box-shadow:var(--shadow-pop);",
    "axisPointer": {"type": "shadow", "shadowStyle": {"color": "var(--ink)", "opacity": 0.06}},
}


class Chart:
    """An EChart that changes in place."""

    def __init__(self, name: str, classes: str = "chart") -> None:
        self._chart = ui.echart({}, renderer="svg").classes(classes)
        self._chart.props('role="img"')
        self._chart.props["aria-label"] = name

    def show(self, options: dict[str, Any]) -> None:
        """These options; nothing is sent when they are the same."""
        shown = self._chart.props["options"]
        if options != shown:
            self._chart.props["options"] = options

    def set_visibility(self, visible: bool) -> None:
        self._chart.set_visibility(visible)


def colour_of(index: int, name: str) -> str:
    """The colour of the n-th series."""
    return _OTHER_COLOUR if name == OTHER else COLOURS[index % len(COLOURS)]


def stacked_bars(
    labels: Sequence[str], stacks: Mapping[str, Sequence[float]], before: Sequence[float] | None = None
) -> dict[str, Any]:
    """Dollars by time, one colour a group; `before` draws the period before as a line."""
    series: list[dict[str, Any]] = [
        {
            "name": name,
            "type": "bar",
            "stack": "spend",
            "data": list(values),
            "barMaxWidth": 28,
            "barCategoryGap": "28%",
            "itemStyle": {"color": colour_of(index, name)},
            "emphasis": {"disabled": True},
            "animationDuration": 250,
        }
        for index, (name, values) in enumerate(stacks.items())
        if any(values)
    ]
    if before is not None:
        series.append(
            {
                "name": "Previous period",
                "type": "line",
                "data": list(before),
                "symbol": "none",
                "lineStyle": {"color": "var(--muted)", "width": 1.5, "type": "dashed"},
                "itemStyle": {"color": "var(--muted)"},
                "emphasis": {"disabled": True},
            }
        )
    return {
        **frame(labels),
        "legend": {
            "type": "scroll",
            "bottom": 0,
            "left": 0,
            "itemWidth": 9,
            "itemHeight": 9,
            "itemGap": 16,
            "icon": "roundRect",
            "textStyle": {"color": "var(--ink-2)", "fontSize": 12, "fontFamily": _FONT},
            "pageTextStyle": {"color": "var(--muted)"},
            "pageIconColor": "var(--ink-2)",
            "pageIconInactiveColor": "var(--line-strong)",
            "inactiveColor": "var(--line-strong)",
        },
        "tooltip": {**TOOLTIP, ":formatter": "afStackTooltip"},
        "series": series,
    }


def spend_course(
    labels: Sequence[str],
    spent: Sequence[float | None],
    expected: Sequence[float | None],
    interval: tuple[float, float] | None,
    lines: Mapping[str, float],
) -> dict[str, Any]:
    """Spend that adds up over a period, where it is heading, and lines it must not pass.

    Args:
        labels: of the moments.
        spent: dollars so far; None after now.
        expected: dollars so far and as forecast; None before now.
        interval: low and high at the last moment, drawn as a fan from now.
        lines: horizontal lines by what they are called.
    """
    options = frame(labels, bottom=4)
    options["xAxis"]["boundaryGap"] = False
    series = [_course("Spent", spent, "solid"), _course("Forecast", expected, "dashed")]
    series[0]["markLine"] = {
        "silent": True,
        "symbol": "none",
        "data": [{"yAxis": value, "name": name} for name, value in lines.items()],
        "label": {"formatter": "{b}", "position": "insideStartTop", **AXIS_TEXT},
        "lineStyle": {"color": "var(--bad)", "width": 1, "type": "dotted"},
    }
    now = next((index for index, value in enumerate(expected) if value is not None), len(labels))
    if interval is not None and now < len(labels) - 1:
        start = expected[now] or 0.0
        steps = [None] * now + [(i - now) / (len(labels) - 1 - now) for i in range(now, len(labels))]
        low = [None if step is None else start + (interval[0] - start) * step for step in steps]
        width = [None if step is None else (interval[1] - interval[0]) * step for step in steps]
        series += [fan("Low", low, 0.0), fan("Interval", width, 0.16)]
    return {**options, "tooltip": {**TOOLTIP, ":formatter": "afCourseTooltip"}, "series": series}


def _course(name: str, values: Sequence[float | None], stroke: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "data": list(values),
        "symbol": "none",
        "lineStyle": {"color": "var(--series-1)", "width": 2, "type": stroke},
        "itemStyle": {"color": "var(--series-1)"},
        "emphasis": {"disabled": True},
    }


def fan(name: str, values: Sequence[float | None], opacity: float, colour: str = "var(--series-1)") -> dict[str, Any]:
    """One of two stacked areas: an unseen one below, and the seen width above it."""
    return {
        "name": name,
        "type": "line",
        "stack": "interval",
        "data": list(values),
        "symbol": "none",
        "lineStyle": {"opacity": 0},
        "itemStyle": {"color": colour},
        "areaStyle": {"color": colour, "opacity": opacity},
        "emphasis": {"disabled": True},
    }


def frame(labels: Sequence[str], *, money: bool = True, bottom: int = 40) -> dict[str, Any]:
    """Axes and grid that every chart has."""
    return {
        "aria": {"enabled": True},
        "grid": {"left": 4, "right": 8, "top": 12, "bottom": bottom, "containLabel": True},
        "xAxis": {
            "type": "category",
            "data": list(labels),
            "axisLine": {"lineStyle": {"color": "var(--line-strong)"}},
            "axisTick": {"show": False},
            "axisLabel": {**AXIS_TEXT, "hideOverlap": True, "margin": 10},
        },
        "yAxis": {
            "type": "value",
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": "var(--line)"}},
            "axisLabel": {**AXIS_TEXT, **({":formatter": "afMoneyAxis"} if money else {})},
        },
    }
