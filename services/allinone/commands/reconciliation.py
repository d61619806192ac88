"""`aifinops reconcile-bill`: spend beside what providers billed, and why the two differ."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Any

import typer
from finops.ledger.v1.ledger_pb2 import (
    BillCause,
    BillLine,
    BillProvider,
    ReconcileBillRequest,
    ReconcileBillResponse,
    SuspiciousUse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, lined_up, run, settings_of
from services.common.clock import DAY, Micros, SystemClock, format_rfc3339, to_micros
from services.common.grpc.client import Channel, call
from services.common.money import format_dollars, from_proto

_PREFIX = "BILL_CAUSE_"
_CAUSES = [name.removeprefix(_PREFIX).lower() for name, value in BillCause.items() if value]
_DEFAULT_DAYS = 7


class BillFormat(StrEnum):
    """Of the output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def reconcile_bill_command(
    start: Annotated[
        str, typer.Option("--start", help="First UTC day: 2026-11-01", show_default="7 days before --end")
    ] = "",
    end: Annotated[str, typer.Option("--end", help="Up to but not including it", show_default="today")] = "",
    provider: Annotated[str, typer.Option("--provider", help="Only this provider's")] = "",
    form: Annotated[
        BillFormat, typer.Option("--format", help="table: sums by provider; json and csv: every line")
    ] = BillFormat.TABLE,
    data: DataOption = None,
) -> None:
    """Compare metered spend with what providers reported: by day, account and model, the difference explained."""
    last = _day(end, "--end") if end else SystemClock().now() // DAY * DAY
    first = _day(start, "--start") if start else last - _DEFAULT_DAYS * DAY
    if first >= last:
        fail(f"--start does not lie before {f'--end {end}' if end else 'today'}", WRONG_USAGE)
    settings = settings_of(data)
    key = settings.auth.admin_key.get_secret_value()
    if not key:
        fail("no admin key: set AIFINOPS_AUTH__ADMIN_KEY, or name the folder of a running platform with --data",
             WRONG_USAGE)  # fmt: skip
    request = ReconcileBillRequest(start_unix_micros=first, end_unix_micros=last, provider=provider)
    answer = run(_asked(settings.peers.ledger, key, request))
    match form:
        case BillFormat.JSON:
            typer.echo(json.dumps(_told(answer), indent=1))
        case BillFormat.CSV:
            _write_csv(answer)
        case BillFormat.TABLE:
            _print(answer)


async def _asked(target: str, key: str, request: ReconcileBillRequest) -> ReconcileBillResponse:
    channel = Channel(target)
    try:
        stub = LedgerServiceStub(channel.channel())
        return await call(stub.ReconcileBill, request, key=key, tenant_id="", timeout_seconds=60)
    finally:
        await channel.stop()


def _print(answer: ReconcileBillResponse) -> None:
    if not answer.providers:
        typer.echo("nothing was metered or reported on these days")
    for found in answer.providers:
        typer.echo(f"{found.provider}: {found.days_reported} of {found.days} days reported")
        rows = [["  reported", _money(found.reported)], ["  metered", _money(found.metered)],
                ["  difference", _money(found.difference)]]  # fmt: skip
        rows += [[f"    {name}", amount] for name, amount in _explained(found).items()]
        width = max(len(amount) for _, amount in rows)
        for line in lined_up([[name, amount.rjust(width)] for name, amount in rows]):
            typer.echo(line)
    for use in answer.suspicious:
        typer.echo(
            f"suspicious: {use.tokens:,} tokens in {use.events:,} events of {use.provider} {use.model} "
            f"from {use.source} cost nothing, by price {use.price_id or 'none'}"
        )


def _write_csv(answer: ReconcileBillResponse) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    names = ["day", "provider", "project", "key", "model", "reported", "metered", "difference"]
    table.writerow([*names, *_CAUSES, "cost_source", "usage_source"])
    for line in answer.lines:
        explained = _explained(line)
        place = [format_rfc3339(line.day_unix_micros)[:10], line.provider, line.project, line.key, line.model]
        amounts = [_money(line.reported), _money(line.metered), _money(line.difference)]
        causes = [explained.get(cause, format_dollars(0)) for cause in _CAUSES]
        table.writerow([*place, *amounts, *causes, line.cost_source, line.usage_source])


def _told(answer: ReconcileBillResponse) -> dict[str, Any]:
    return {
        "providers": [
            {
                "provider": found.provider,
                "days": found.days,
                "days_reported": found.days_reported,
                "last_report": format_rfc3339(found.last_report_unix_micros) if found.last_report_unix_micros else None,
                **_figures(found),
            }
            for found in answer.providers
        ],
        "lines": [
            {
                "day": format_rfc3339(line.day_unix_micros)[:10],
                "provider": line.provider,
                "project": line.project,
                "key": line.key,
                "model": line.model,
                **_figures(line),
                "cost_source": line.cost_source,
                "usage_source": line.usage_source,
            }
            for line in answer.lines
        ],
        "suspicious": [_suspicious(use) for use in answer.suspicious],
    }


def _figures(found: BillProvider | BillLine) -> dict[str, Any]:
    return {
        "reported": _money(found.reported),
        "metered": _money(found.metered),
        "difference": _money(found.difference),
        "explanations": _explained(found),
    }


def _suspicious(use: SuspiciousUse) -> dict[str, Any]:
    return {
        "provider": use.provider,
        "model": use.model,
        "service_tier": use.service_tier or "standard",
        "source": use.source,
        "price_id": use.price_id,
        "events": use.events,
        "tokens": use.tokens,
        "first": format_rfc3339(use.first_unix_micros),
        "last": format_rfc3339(use.last_unix_micros),
    }


def _explained(found: BillProvider | BillLine) -> dict[str, str]:
    return {
        BillCause.Name(each.cause).removeprefix(_PREFIX).lower(): _money(each.amount) for each in found.explanations
    }


def _money(amount: Any) -> str:
    return format_dollars(from_proto(amount))


def _day(text: str, option: str) -> Micros:
    try:
        return to_micros(datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC))
    except ValueError:
        fail(f"{option} {text!r} is not a UTC day such as 2026-11-01", WRONG_USAGE)
