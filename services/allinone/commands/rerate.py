"""`aifinops rerate` and `aifinops unpriced`: pricing anew what was rated before, and what still has no price."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any

import grpc
import typer
from finops.ledger.v1.ledger_pb2 import ListUnpricedRequest, UnpricedUse
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.pricing.v1.pricing_pb2 import RerateRequest, RerateResponse
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    CORRECTION_KIND_LATE_PRICE,
    CORRECTION_KIND_PRICE_CORRECTED,
)
from rich.progress import Progress

from services.allinone.commands.common import (
    PROGRESS,
    WRONG_USAGE,
    DataOption,
    Format,
    fail,
    lined_up,
    run,
    settings_of,
    span,
    stderr,
)
from services.allinone.commands.rerate_sums import Sums
from services.common import filters
from services.common.clock import format_rfc3339
from services.common.errors import ApiError, UnavailableError
from services.common.grpc.client import Channel, call, metadata, to_api_error
from services.common.money import format_dollars, from_proto
from services.common.settings import ServiceSettings

_PAUSES_SECONDS = (1, 2, 4, 8, 16)
"""Before each try to go on after a connection broke, as long as that does not get any further."""

FormatOption = Annotated[Format, typer.Option("--format")]
Tenant = Annotated[
    str, typer.Option("--tenant", help="With the service key: this one's", show_default="the admin key's")
]
AllTenants = Annotated[bool, typer.Option("--all-tenants", help="With the service key: everybody's")]


class Kind(StrEnum):
    """Why it is re-rated; stays in the ledger."""

    LATE_PRICE = "late-price"
    PRICE_CORRECTED = "price-corrected"
    CONTRACT_CHANGED = "contract-changed"


_KINDS = {
    Kind.LATE_PRICE: CORRECTION_KIND_LATE_PRICE,
    Kind.PRICE_CORRECTED: CORRECTION_KIND_PRICE_CORRECTED,
    Kind.CONTRACT_CHANGED: CORRECTION_KIND_CONTRACT_CHANGED,
}


def rerate_command(
    begin: Annotated[str, typer.Option("--from", help="Use since then: 2026-11-01, or a time in RFC 3339")],
    reason: Annotated[str, typer.Option("--reason", help="Stays in the ledger, with the name of your key")],
    end: Annotated[str, typer.Option("--to", help="Up to but not including it", show_default="now")] = "",
    kind: Annotated[Kind, typer.Option("--kind")] = Kind.PRICE_CORRECTED,
    provider: Annotated[str, typer.Option("--provider", help="Only this provider's")] = "",
    model: Annotated[str, typer.Option("--model", help="Only this model's; gpt-4o* for all that begin so")] = "",
    condition: Annotated[str, typer.Option("--filter", help='As budgets have it: team = "search"')] = "",
    only_unpriced: Annotated[bool, typer.Option("--only-unpriced", help="Only what lacks a price")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change")] = False,
    resume: Annotated[str, typer.Option("--resume", help="Where a run of the same choice broke off")] = "",
    tenant: Tenant = "",
    all_tenants: AllTenants = False,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """Price again what was rated before; what changed is booked as a new revision. Doing it twice changes nothing."""
    start, stop = span(begin, end)
    chosen = [
        f"{name} = {filters.literal(value)}" for name, value in (("provider", provider), ("model", model)) if value
    ]
    request = RerateRequest(
        start_unix_micros=start,
        end_unix_micros=stop,
        filter=" AND ".join([*chosen, f"({condition})"]) if chosen and condition else condition or " AND ".join(chosen),
        only_unpriced=only_unpriced,
        kind=_KINDS[kind],
        reason=reason,
        dry_run=dry_run,
        resume_token=resume,
    )
    settings = settings_of(data)
    key = _key(settings, tenant, all_tenants)
    sums = Sums(resume)
    try:
        run(_rerate(settings.peers.pricing, key, tenant, request, sums))
    except KeyboardInterrupt:
        fail(f"stopped. {_resuming(request, sums)}")
    except typer.Exit:
        if sums.read:
            stderr.print(_resuming(request, sums), markup=False, highlight=False, soft_wrap=True)
        raise
    if form is Format.JSON:
        typer.echo(json.dumps({"dry_run": dry_run, **sums.told()}, indent=1))
        return
    for line in lined_up(sums.table()):
        typer.echo(line)
    verb = "would change" if dry_run else "changed"
    typer.echo(
        f"{sums.read} events read, {sums.changed} {verb}, {sums.refused} cannot be rated"
        + ("" if dry_run or not sums.changed else "; the ledger has them within seconds")
    )


async def _rerate(target: str, key: str, tenant: str, request: RerateRequest, sums: Sums) -> None:
    channel = Channel(target)
    try:
        with Progress(*PROGRESS, console=stderr) as progress:
            bar = progress.add_task("dry run" if request.dry_run else "re-rating", total=None)
            async for message in _going_on(channel, key, tenant, request, sums):
                read = sums.read + message.events_read
                progress.update(bar, total=max(message.events_total, read), completed=read)
            progress.update(bar, total=sums.read, completed=sums.read)
    finally:
        await channel.stop()


async def _going_on(
    channel: Channel, key: str, tenant: str, request: RerateRequest, sums: Sums
) -> AsyncIterator[RerateResponse]:
    """The run's progress. Once it runs, a connection that breaks is taken up again: a replica may have gone."""
    tries, runs = 0, False
    while True:
        request.resume_token = sums.token
        last: RerateResponse | None = None
        try:
            async for last in PricingServiceStub(channel.channel()).Rerate(request, metadata=metadata(key, tenant)):
                runs = True
                yield last
        except grpc.aio.AioRpcError as error:
            failure: ApiError = to_api_error(error)
            if last is not None and last.events_read:
                tries = 0
            if not runs or not isinstance(failure, UnavailableError) or tries == len(_PAUSES_SECONDS):
                raise failure from error
        finally:
            if last is not None:
                sums.add(last)
        if last is not None and last.done:
            return
        await asyncio.sleep(_PAUSES_SECONDS[tries])
        tries += 1


def unpriced_command(
    tenant: Tenant = "",
    all_tenants: AllTenants = False,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """Use that has no price: what, how much, since when, and what budgets count it as; the costliest first."""
    settings = settings_of(data)
    key = _key(settings, tenant, all_tenants)
    groups = run(_unpriced(settings.peers.ledger, key, tenant))
    groups.sort(key=lambda group: -from_proto(group.shadow_cost))
    if form is Format.JSON:
        typer.echo(json.dumps([_told(group) for group in groups], indent=1))
        return
    if not groups:
        typer.echo("everything has a price")
        return
    heads = ("tenant", "provider", "model", "tier", "without a price", "events", "shadow dollars", "first", "last")
    rows = [
        (
            group.tenant_id, group.provider, group.model, group.service_tier or "standard", ", ".join(group.buckets),
            f"{group.events:,}", format_dollars(from_proto(group.shadow_cost)),
            format_rfc3339(group.first_hour_unix_micros), format_rfc3339(group.last_hour_unix_micros),
        )
        for group in groups
    ]  # fmt: skip
    for line in lined_up([heads, *rows]):
        typer.echo(line)


async def _unpriced(target: str, key: str, tenant: str) -> list[UnpricedUse]:
    channel = Channel(target)
    found: list[UnpricedUse] = []
    token = ""
    try:
        while True:
            request = ListUnpricedRequest(page_size=1_000, page_token=token)
            stub = LedgerServiceStub(channel.channel())
            answer = await call(stub.ListUnpriced, request, key=key, tenant_id=tenant, timeout_seconds=60)
            found += answer.groups
            token = answer.next_page_token
            if not token:
                return found
    finally:
        await channel.stop()


def _told(group: UnpricedUse) -> dict[str, Any]:
    return {
        "tenant": group.tenant_id,
        "provider": group.provider,
        "model": group.model,
        "service_tier": group.service_tier,
        "buckets": list(group.buckets),
        "events": group.events,
        "shadow_dollars": format_dollars(from_proto(group.shadow_cost)),
        "first_hour": format_rfc3339(group.first_hour_unix_micros),
        "last_hour": format_rfc3339(group.last_hour_unix_micros),
        "quantities": {field.name: value for field, value in group.quantities.ListFields()},
    }


def _key(settings: ServiceSettings, tenant: str, all_tenants: bool) -> str:
    if tenant and all_tenants:
        fail("--tenant and --all-tenants contradict each other", WRONG_USAGE)
    kept = settings.auth.service_key if tenant or all_tenants else settings.auth.admin_key
    key = kept.get_secret_value()
    if not key:
        fail(
            "no admin key: set AIFINOPS_AUTH__ADMIN_KEY, or say --tenant or --all-tenants for the service key",
            WRONG_USAGE,
        )
    return key


def _resuming(request: RerateRequest, sums: Sums) -> str:
    """How to go on: the range must be the same to the microsecond."""
    span = f"--from {format_rfc3339(request.start_unix_micros)} --to {format_rfc3339(request.end_unix_micros)}"
    if not sums.token:
        return "Nothing was done; start again."
    return f"{sums.read} events are done; go on with the same choice and {span} --resume {sums.token}"
