"""`aifinops key`: print, create, list, revoke and rotate API keys."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run, settings_of, stderr
from services.common import auth
from services.common.auth import ApiKey, Role
from services.common.clock import DAY, HOUR, MINUTE, SECOND, Micros, format_rfc3339
from services.common.errors import NotFoundError
from services.common.host import key_ring
from services.common.keyring import KeyRing

app = typer.Typer(help="API keys. Without a command: print a fresh one for AIFINOPS_AUTH__SERVICE_KEY or _ADMIN_KEY.")

Result = TypeVar("Result")

_ROLES = [role.value for role in Role if role is not Role.SERVICE]
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}

Tenant = Annotated[str, typer.Option("--tenant", help="Default: the first admin key's")]
Id = Annotated[str, typer.Argument(help="As `list` shows it: the twelve characters after afk_")]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON for each")]


@app.callback(invoke_without_command=True)
def fresh(context: typer.Context) -> None:
    """Print a fresh API key."""
    if context.invoked_subcommand is None:
        typer.echo(auth.new_api_key("any", Role.SERVICE, "printed")[0])


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="Who or what will hold it")],
    role: Annotated[str, typer.Option("--role", help=f"One of {', '.join(_ROLES)}")] = Role.INGEST.value,
    tenant: Tenant = "",
    data: DataOption = None,
) -> None:
    """Print a new key. It is stored as a hash and cannot be shown again."""
    if role not in _ROLES:
        fail(f"--role {role!r}: one of {', '.join(_ROLES)}", WRONG_USAGE)
    if not 1 <= len(name) <= 100:
        fail("--name: 1 to 100 characters", WRONG_USAGE)
    _check_tenant(tenant)

    async def work(ring: KeyRing, home: str) -> tuple[str, ApiKey]:
        return await ring.create(tenant or home, Role(role), name, _me())

    _print(_with_ring(data, work))


@app.command("list")
def list_command(tenant: Tenant = "", as_json: AsJson = False, data: DataOption = None) -> None:
    """The valid keys, of one tenant or of all."""
    _check_tenant(tenant)

    async def work(ring: KeyRing, _home: str) -> list[ApiKey]:
        await ring.refresh()
        return ring.of_tenant(tenant) if tenant else ring.all()

    keys = _with_ring(data, work)
    if as_json:
        for key in keys:
            typer.echo(json.dumps(_summary(key)))
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in _summary(ApiKey("", "", "", Role.VIEWER, "")):
        shown.add_column(column, no_wrap=True)
    for key in keys:
        shown.add_row(*_summary(key).values())
    Console().print(shown)


@app.command()
def revoke(key_id: Id, data: DataOption = None) -> None:
    """Make a key invalid, in every process within two seconds."""

    async def work(ring: KeyRing, _home: str) -> None:
        await ring.revoke(await _tenant_of(ring, key_id), key_id, _me())

    _with_ring(data, work)
    typer.echo(f"{key_id} revoked")


@app.command()
def rotate(
    key_id: Id,
    overlap: Annotated[str, typer.Option("--overlap", help="How long the old one goes on: 30m, 24h, 7d")] = "",
    data: DataOption = None,
) -> None:
    """Print a new key in the place of an old one, which is revoked, or ends after the overlap."""
    lasting = _duration(overlap) if overlap else 0

    async def work(ring: KeyRing, _home: str) -> tuple[str, ApiKey]:
        return await ring.rotate(await _tenant_of(ring, key_id), key_id, _me(), lasting)

    _print(_with_ring(data, work))
    stderr.print(f"{key_id} {f'ends in {overlap}' if lasting else 'is revoked'}", markup=False, highlight=False)


def _with_ring(data: Path | None, work: Callable[[KeyRing, str], Awaitable[Result]]) -> Result:
    """Gives the work the ring, and the tenant of the first admin key."""
    settings = settings_of(data)

    async def opened() -> Result:
        ring = key_ring(settings)
        try:
            return await work(ring, settings.auth.admin_tenant)
        finally:
            await ring.stop()

    return run(opened())


async def _tenant_of(ring: KeyRing, key_id: str) -> str:
    await ring.refresh()
    for key in ring.all():
        if key.key_id == key_id:
            return key.tenant_id
    raise NotFoundError(f"no valid API key {key_id!r}: `aifinops key list` shows those there are")


def _check_tenant(tenant: str) -> None:
    if tenant and not auth.TENANT_PATTERN.fullmatch(tenant):
        fail(f"--tenant {tenant!r}: 1 to 63 lower-case letters, digits and dashes, such as acme", WRONG_USAGE)


def _print(made: tuple[str, ApiKey]) -> None:
    """The key alone on standard output, so that it can be piped to where secrets are kept."""
    text, key = made
    typer.echo(text)
    about = f"{key.key_id}: {key.role.value} of {key.tenant_id}, {key.name!r}; it is not stored and not shown again"
    stderr.print(about, markup=False, highlight=False, soft_wrap=True)


def _summary(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "tenant": key.tenant_id,
        "role": key.role.value,
        "name": key.name,
        "expires": format_rfc3339(key.expires_at) if key.expires_at else "",
    }


def _duration(text: str) -> Micros:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None:
        fail(f"--overlap {text!r}: 30m, 24h or 7d", WRONG_USAGE)
    return int(match[1]) * _UNITS[match[2]]


def _me() -> str:
    try:
        return f"aifinops key ({getpass.getuser()})"
    except (KeyError, OSError):  # A container's user may have no name.
        return "aifinops key"
