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
_AXIS_TEXT = {"color": "var(--muted)", "fontSize": 11, "fontFamily": _FONT}
_TOOLTIP = {
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
        **_frame(labels),
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
        "tooltip": {**_TOOLTIP, ":formatter": "afStackTooltip"},
        "series": series,
    }


def band(
    labels: Sequence[str],
    values: Sequence[float],
    *,
    name: str,
    dollars: bool,
    window: tuple[int, int],
    low: float,
    expected: float,
    high: float,
) -> dict[str, Any]:
    """A series, and the range it was expected in between two indices. Each value holds up to the next label."""
    first, last = labels[window[0]], labels[window[1]]
    options = _frame(labels, money=dollars, bottom=4)
    options["xAxis"]["boundaryGap"] = False
    return {
        **options,
        "tooltip": {
            **_TOOLTIP,
            "axisPointer": {"type": "line", "lineStyle": {"color": "var(--line-strong)"}},
            **({":valueFormatter": "afMoney"} if dollars else {}),
        },
        "series": [
            {
                "name": name,
                "type": "line",
                "data": list(values),
                "symbol": "none",
                "step": "end",
                "lineStyle": {"color": "var(--series-1)", "width": 2},
                "itemStyle": {"color": "var(--series-1)"},
                "areaStyle": {"color": "var(--series-1)", "opacity": 0.08},
                "emphasis": {"disabled": True},
                "markArea": {
                    "silent": True,
                    "label": {"show": False},
                    "data": [
                        [{"xAxis": first, "itemStyle": {"color": "var(--bad)", "opacity": 0.07}}, {"xAxis": last}],
                        [
                            {"xAxis": first, "yAxis": low, "itemStyle": {"color": "var(--good)", "opacity": 0.22}},
                            {"xAxis": last, "yAxis": high},
                        ],
                    ],
                },
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {"show": False},
                    "data": [[{"coord": [first, expected]}, {"coord": [last, expected]}]],
                    "lineStyle": {"color": "var(--good)", "width": 1.5, "type": "dashed"},
                },
            }
        ],
    }


def _frame(labels: Sequence[str], *, money: bool = True, bottom: int = 40) -> dict[str, Any]:
    return {
        "aria": {"enabled": True},
        "grid": {"left": 4, "right": 8, "top": 12, "bottom": bottom, "containLabel": True},
        "xAxis": {
            "type": "category",
            "data": list(labels),
            "axisLine": {"lineStyle": {"color": "var(--line-strong)"}},
            "axisTick": {"show": False},
            "axisLabel": {**_AXIS_TEXT, "hideOverlap": True, "margin": 10},
        },
        "yAxis": {
            "type": "value",
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": "var(--line)"}},
            "axisLabel": {**_AXIS_TEXT, **({":formatter": "afMoneyAxis"} if money else {})},
        },
    }
