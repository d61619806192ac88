"""Scores as tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from bench.anomaly.score import Score


def kinds_table(title: str, score: Score) -> Table:
    """One row a kind."""
    table = Table("kind", "found", "dollars found", "median delay", "rightly named", "by any word", title=title)
    for kind in _kinds(score):
        _row(table, kind, score.of(kind))
    table.add_section()
    _row(table, "all", score)
    table.caption = f"{score.false} false alarms, {score.false_alarms:.4f} a series and week"
    return table


def baselines_table(title: str, ours: Score, plain: Mapping[str, Score]) -> Table:
    """Of each kind: dollars found, median delay, and how often the first alarm was of the right series."""
    table = Table("kind", "service", *plain, title=title)
    for kind in _kinds(ours):
        table.add_row(kind, *(_cell(score.of(kind)) for score in (ours, *plain.values())))
    table.add_section()
    table.add_row("all", *(_cell(score) for score in (ours, *plain.values())))
    table.add_row("false alarms", *(f"{score.false_alarms:.4f}" for score in (ours, *plain.values())))
    table.caption = "dollars found, median delay, series rightly named; false alarms a series and week"
    return table


def _cell(score: Score) -> str:
    return f"{score.recall:.2f}" + (f" {_minutes(score.delay)} {score.placed:.0%}" if score.delay is not None else "")


def wrong_table(score: Score) -> Table:
    """What was missed or named wrongly, and what was told for nothing."""
    table = Table("what", "which", "first alarm", title="bench/anomaly: missed, misnamed, false")
    for finding in score.findings:
        if finding.first is None or not finding.named:
            incident = finding.incident
            what = "missed" if finding.first is None else "misnamed"
            said = "" if finding.first is None else f"{finding.first.channel}: {finding.first.text}"
            table.add_row(what, f"{incident.kind}, hour {incident.begin // 60}, ${finding.dollars:,.0f}", said)
    for alarm in score.wrong:
        table.add_row("false", f"hour {alarm.begin // 60}", f"{alarm.channel}: {alarm.text}")
    return table


def _kinds(score: Score) -> list[str]:
    return list(dict.fromkeys(finding.incident.kind for finding in score.findings))


def _row(table: Table, name: str, score: Score) -> None:
    delay = "-" if score.delay is None else _minutes(score.delay)
    named = f"{score.named:.0%}" if score.found else "-"
    since = f"{score.named_since:.0%}" if score.found else "-"
    table.add_row(name, f"{score.found}/{len(score.findings)}", f"{score.recall:.3f}", delay, named, since)


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
