"""`aifinops anomaly`: what anomalies would have been raised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from finops.anomaly.v1 import anomaly_pb2 as pb
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceStub
from google.protobuf.json_format import MessageToDict
from rich.progress import Progress

from services.allinone.commands.calling import Caller, called
from services.allinone.commands.common import PROGRESS, WRONG_USAGE, DataOption, fail, in_cents, lined_up, span, stderr
from services.common.clock import format_rfc3339
from services.common.money import from_proto

app = typer.Typer(no_args_is_help=True, help="Anomalies: what would have been raised.")


@app.callback()
def group() -> None:
    """Anomalies: what would have been raised."""


@app.command()
def backtest(
    begin: Annotated[str, typer.Option("--from", help="Anomalies since then: 2026-11-01, or a time in RFC 3339")],
    end: Annotated[str, typer.Option("--to", help="Up to but not including it", show_default="now")] = "",
    policy: Annotated[
        list[str] | None, typer.Option("--policy", help="A threshold: min_impact_usd=50; as often as needed")
    ] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose; default: the admin key's")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON")] = False,
    data: DataOption = None,
) -> None:
    """Tell what would have been raised in a stretch of history, under these thresholds. Nothing is changed by it."""
    start, stop = span(begin, end)
    request = pb.BacktestRequest(start_unix_micros=start, end_unix_micros=stop, policy=_thresholds(policy or ()))
    anomalies: list[pb.Anomaly] = []
    summary = pb.BacktestSummary()

    async def ask(caller: Caller) -> None:
        with Progress(*PROGRESS, console=stderr) as progress:
            bar = progress.add_task("hours", total=None)
            async for answer in caller.stream(caller.stub.Backtest, request):
                if answer.HasField("progress"):
                    progress.update(bar, total=answer.progress.hours, completed=answer.progress.hours_done)
                elif answer.HasField("anomaly"):
                    anomalies.append(answer.anomaly)
                else:
                    summary.CopyFrom(answer.summary)

    try:
        called(data, tenant, lambda peers: peers.anomaly, AnomalyServiceStub, ask)
    except KeyboardInterrupt:
        fail("stopped; nothing was changed")
    if as_json:
        told = MessageToDict(summary, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        found = [MessageToDict(anomaly, preserving_proto_field_name=True) for anomaly in anomalies]
        typer.echo(json.dumps({"anomalies": found, "summary": told}, indent=1))
        return
    _print(anomalies, summary)


def _thresholds(texts: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            fail(f"--policy {text}: must read name=number, such as min_impact_usd=50", WRONG_USAGE)
    return found


def _print(anomalies: Sequence[pb.Anomaly], summary: pb.BacktestSummary) -> None:
    if anomalies:
        heads = ("start", "hours", "series", "channel", "severity", "dollars", "")
        for line in lined_up([heads, *map(_row, anomalies)]):
            typer.echo(line)
    series = f"{summary.series} series, {summary.series_hours:,} hours of them"
    rate = f"{summary.alarms_per_series_week:.3f} a series and week"
    typer.echo(
        f"{summary.anomalies} anomalies ({rate}), {in_cents(from_proto(summary.impact))} dollars beyond what was "
        f"expected, {summary.withheld} withheld by caps; {series}"
    )


def _row(anomaly: pb.Anomaly) -> Sequence[str]:
    hours = (anomaly.end_unix_micros - anomaly.start_unix_micros) / 3_600_000_000
    return (
        format_rfc3339(anomaly.start_unix_micros),
        f"{hours:g}" + ("+" if anomaly.state == pb.Anomaly.STATE_OPEN else ""),
        " ".join(f"{name}={value}" for name, value in sorted(anomaly.series.items())),
        pb.Anomaly.Channel.Name(anomaly.channel).removeprefix("CHANNEL_").lower(),
        pb.Anomaly.Severity.Name(anomaly.severity).removeprefix("SEVERITY_").lower(),
        in_cents(from_proto(anomaly.impact)),
        anomaly.summary,
    )
