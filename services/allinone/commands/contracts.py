"""`aifinops contracts`: a tenant's contracts and exchange rates."""

from __future__ import annotations

import csv
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from finops.pricing.v1 import pricing_pb2 as wire
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.table import Table

from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run, settings_of
from services.allinone.commands.contract_file import day_of, read_contract
from services.common.clock import SystemClock, format_rfc3339
from services.common.errors import ApiError
from services.common.grpc.client import Channel, call
from services.common.money import format_dollars

app = typer.Typer(no_args_is_help=True, help="What was agreed with providers and resellers, and exchange rates.")

Result = TypeVar("Result")

Tenant = Annotated[str, typer.Option("--tenant", help="Whose; default: the admin key's")]
AsJson = Annotated[bool, typer.Option("--json", help="Everything, as JSON")]
_COLUMNS = ["currency", "day", "usd_per_unit"]
_BATCH = 5_000
_NARROWEST = 140


@app.command("list")
def list_command(tenant: Tenant = "", as_json: AsJson = False, data: DataOption = None) -> None:
    """The contracts, and how far their allowances, credits and commitments are used."""

    async def ask(caller: _Caller) -> wire.ListContractsResponse:
        return await caller(caller.stub.ListContracts, wire.ListContractsRequest())

    answer: wire.ListContractsResponse = _called(data, tenant, ask)
    if as_json:
        typer.echo(json.dumps(MessageToDict(answer, preserving_proto_field_name=True), indent=1))
        return
    rows = [
        (
            c.name,
            _day(c.effective_from_unix_micros),
            _day(c.effective_to_unix_micros),
            c.currency_code or "USD",
            c.source,
        )
        for c in answer.contracts
    ]
    _print(["contract", "from", "to", "currency", "source"], rows)
    if answer.balances_missing:
        fail(f"how far they are used is not known now: {answer.balances_missing}")
    now = SystemClock().now()
    shown = [b for b in answer.balances if b.used or b.posted_picos or b.end_unix_micros > now]
    if shown:
        typer.echo()
        _print(
            ["contract", "term", "user", "from", "to", "agreed", "used", "posted"],
            [
                (
                    b.contract, f"{b.kind} {b.id}", b.user, _day(b.start_unix_micros), _day(b.end_unix_micros),
                    _quantity(b, b.agreed), _quantity(b, b.used), _short(b.posted_picos),
                )
                for b in shown
            ],
        )  # fmt: skip


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="TOML; see docs/contracts.md", exists=True, dir_okay=False)],
    tenant: Tenant = "",
    data: DataOption = None,
) -> None:
    """Put a contract, or a new version of it. It counts for what is rated from now on; `aifinops rerate` books the past
    anew."""
    try:
        contract = read_contract(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        fail(f"{file}: {error}", WRONG_USAGE)

    async def ask(caller: _Caller) -> wire.PutContractResponse:
        return await caller(caller.stub.PutContract, wire.PutContractRequest(contract=contract))

    kept = _called(data, tenant, ask).contract
    typer.echo(f"{kept.name} put, in force from {_day(kept.effective_from_unix_micros)}")


@app.command()
def remove(name: Annotated[str, typer.Argument()], tenant: Tenant = "", data: DataOption = None) -> None:
    """Remove a contract: it counts no more, whenever the use was. What it settled is taken back."""

    async def ask(caller: _Caller) -> wire.RemoveContractResponse:
        return await caller(caller.stub.RemoveContract, wire.RemoveContractRequest(name=name))

    _called(data, tenant, ask)
    typer.echo(f"{name} removed")


@app.command("put-rates")
def put_rates(
    file: Annotated[
        Path, typer.Argument(help="CSV with columns currency, day and usd_per_unit", exists=True, dir_okay=False)
    ],
    tenant: Tenant = "",
    source: Annotated[str, typer.Option("--source", help="Who says so, e.g. ECB")] = "",
    data: DataOption = None,
) -> None:
    """Put exchange rates: US dollars for one unit of a currency, from a day on."""
    try:
        rates = _rates(file, source)
    except (ValueError, OSError) as error:
        fail(f"{file}: {error}", WRONG_USAGE)

    async def ask(caller: _Caller) -> int:
        for start in range(0, len(rates), _BATCH):
            part = rates[start : start + _BATCH]
            await caller(caller.stub.PutFxRates, wire.PutFxRatesRequest(rates=part))
        return len(rates)

    typer.echo(f"{_called(data, tenant, ask)} rates put")


@app.command()
def rates(
    currency: Annotated[str, typer.Option("--currency", help="Only this one's")] = "",
    tenant: Tenant = "",
    data: DataOption = None,
) -> None:
    """The exchange rates."""

    async def ask(caller: _Caller) -> wire.ListFxRatesResponse:
        return await caller(caller.stub.ListFxRates, wire.ListFxRatesRequest(currency_code=currency))

    found = _called(data, tenant, ask).rates
    _print([*_COLUMNS, "source"], [(r.currency_code, _day(r.day_unix_micros), r.usd_per_unit, r.source) for r in found])


class _Caller:
    """Calls pricing with a key."""

    def __init__(self, channel: Channel, key: str, tenant: str) -> None:
        self.stub: Any = PricingServiceStub(channel.channel())
        self._key = key
        self._tenant = tenant

    async def __call__(self, method: Callable[..., Awaitable[Result]], request: Any) -> Result:
        try:
            return await call(method, request, key=self._key, tenant_id=self._tenant, timeout_seconds=60)
        except ApiError as error:
            faults = "; ".join(f"{fault.field}: {fault.description}" for fault in error.violations)
            raise type(error)(f"{error.message}: {faults}" if faults else error.message) from error


def _called(data: Path | None, tenant: str, ask: Callable[[_Caller], Awaitable[Result]]) -> Result:
    settings = settings_of(data)
    kept = settings.auth.service_key if tenant else settings.auth.admin_key
    key = kept.get_secret_value()
    if not key:
        fail("no admin key: set AIFINOPS_AUTH__ADMIN_KEY, or say --tenant for the service key", WRONG_USAGE)

    async def work() -> Result:
        channel = Channel(settings.peers.pricing)
        try:
            return await ask(_Caller(channel, key, tenant))
        finally:
            await channel.stop()

    return run(work())


def _rates(file: Path, source: str) -> list[wire.FxRate]:
    with file.open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        if not set(_COLUMNS) <= set(table.fieldnames or ()):
            raise ValueError(f"the first line names the columns {', '.join(_COLUMNS)}")
        return [
            wire.FxRate(
                currency_code=row["currency"],
                day_unix_micros=day_of(row["day"], f"line {table.line_num}"),
                usd_per_unit=row["usd_per_unit"],
                source=source,
            )
            for row in table
        ]


def _day(micros: int) -> str:
    return format_rfc3339(micros)[:10] if micros else ""


def _quantity(balance: wire.ContractBalance, value: int) -> str:
    if balance.bucket == "credit_micros":
        return f"{_short(value * 10**6)} credits"
    return f"{value} {balance.bucket}" if balance.bucket else _short(value)


def _short(picos: int) -> str:
    """Without the zeros at its end."""
    return format_dollars(picos).rstrip("0").rstrip(".")


def _print(columns: list[str], rows: Sequence[tuple[str, ...]]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, no_wrap=True)
    for row in rows:
        shown.add_row(*row)
    Console(width=max(Console().width, _NARROWEST)).print(shown)
