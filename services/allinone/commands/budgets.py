"""`aifinops budgets`: a tenant's budgets."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from services.allinone.commands import budget_file
from services.allinone.commands.budget_table import print_decision, print_drifts, print_statuses
from services.allinone.commands.calling import Caller, called
from services.allinone.commands.common import WRONG_USAGE, DataOption, fail
from services.common import money
from services.common.clock import Micros, SystemClock, parse_rfc3339
from services.common.errors import NotFoundError

app = typer.Typer(no_args_is_help=True, help="Budgets: what may be spent, and what is used of it.")

Result = TypeVar("Result")

Tenant = Annotated[str, typer.Option("--tenant", help="Whose; default: the admin key's")]
AsJson = Annotated[bool, typer.Option("--json", help="Everything, as JSON")]
Name = Annotated[str, typer.Argument(help="Its id: search, or budgets/search")]
Names = Annotated[list[str] | None, typer.Argument(help="Their ids; without any: all")]

DENIED = 3
"""Exit code of a check that does not fit."""

_PAGE = 1_000
_AT_A_TIME = 16


@app.command("list")
def list_command(tenant: Tenant = "", as_json: AsJson = False, data: DataOption = None) -> None:
    """The budgets, what is used of them, and where they are heading."""

    async def ask(caller: Caller) -> list[pb.BudgetStatus]:
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def status(name: str) -> pb.BudgetStatus:
            async with gate:
                request = pb.GetBudgetStatusRequest(name=name)
                answer: pb.GetBudgetStatusResponse = await caller(caller.stub.GetBudgetStatus, request)
                return answer.status

        return list(await asyncio.gather(*(status(budget.name) for budget in await _all(caller))))

    statuses = _called(data, tenant, ask)
    if as_json:
        _echo_json(statuses)
    elif statuses:
        print_statuses(statuses)
    else:
        typer.echo("no budgets yet: `aifinops budgets put FILE` makes the first")


@app.command()
def get(names: Names = None, tenant: Tenant = "", as_json: AsJson = False, data: DataOption = None) -> None:
    """Write budgets as YAML, as `put` reads them."""

    async def ask(caller: Caller) -> list[pb.Budget]:
        if not names:
            return await _all(caller)
        return [await _one(caller, _full(name)) for name in names]

    found = [budget_file.written(budget) for budget in _called(data, tenant, ask)]
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else budget_file.as_yaml(found).rstrip())


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="YAML or JSON, see docs/budgets.md; - reads standard input")],
    tenant: Tenant = "",
    data: DataOption = None,
) -> None:
    """Create the budgets of a file, and change those that are there: only the fields that the file names."""
    try:
        entries = budget_file.read(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        fail(f"{file}: {error}", WRONG_USAGE)

    async def ask(caller: Caller) -> None:
        for entry in entries:  # In the file's order, so that a parent may come before its children.
            typer.echo(f"{entry.budget.name} {await _put(caller, entry)}")

    _called(data, tenant, ask)


@app.command()
def delete(name: Name, tenant: Tenant = "", data: DataOption = None) -> None:
    """Delete a budget; one that is the parent of others is not deleted."""

    async def ask(caller: Caller) -> None:
        await caller(caller.stub.DeleteBudget, pb.DeleteBudgetRequest(name=_full(name)))

    _called(data, tenant, ask)
    typer.echo(f"{_full(name)} deleted")


@app.command()
def increase(
    name: Name,
    amount: Annotated[str, typer.Option("--amount", help="Dollars on top")],
    until: Annotated[str, typer.Option("--until", help="When it ends: 2026-12-08T00:00:00Z")],
    reason: Annotated[str, typer.Option("--reason", help="Stays with the budget, with the name of your key")],
    member: Annotated[str, typer.Option("--member", help="Only this member's", show_default="all")] = "",
    start: Annotated[str, typer.Option("--from", help="When it starts", show_default="now")] = "",
    tenant: Tenant = "",
    data: DataOption = None,
) -> None:
    """Raise a budget for a while."""
    added = pb.TemporaryIncrease(
        start_unix_micros=_moment(start, "--from") if start else SystemClock().now(),
        expire_unix_micros=_moment(until, "--until"),
        reason=reason,
        member=member,
    )
    try:
        added.amount.CopyFrom(money.to_proto(money.parse_dollars(amount)))
    except ValueError as error:
        fail(f"--amount: {error}", WRONG_USAGE)

    async def ask(caller: Caller) -> None:
        budget = await _one(caller, _full(name))
        budget.increases.append(added)
        # With the etag, so that an increase somebody else grants meanwhile is not lost.
        await caller(caller.stub.UpdateBudget, _change(budget, ["increases"]))

    _called(data, tenant, ask)
    typer.echo(f"{_full(name)} raised by {budget_file.dollars(added.amount)} dollars until {until}")


@app.command()
def members(
    name: Name,
    only_over: Annotated[bool, typer.Option("--only-over", help="Only those at or over their limit")] = False,
    tenant: Tenant = "",
    as_json: AsJson = False,
    data: DataOption = None,
) -> None:
    """The members of a budget that has `per`, those that used most of their limit first."""

    async def ask(caller: Caller) -> list[pb.BudgetStatus]:
        found: list[pb.BudgetStatus] = []
        token = ""
        while True:
            request = pb.ListMemberStatusesRequest(
                name=_full(name), page_size=_PAGE, page_token=token, only_over=only_over
            )
            answer: pb.ListMemberStatusesResponse = await caller(caller.stub.ListMemberStatuses, request)
            found += answer.statuses
            token = answer.next_page_token
            if not token:
                return found

    statuses = _called(data, tenant, ask)
    if as_json:
        _echo_json(statuses)
    elif statuses:
        print_statuses(statuses, first="member")
    else:
        typer.echo("no member is over its limit" if only_over else "nobody has spent anything in this period")


@app.command()
def rebuild(names: Names = None, tenant: Tenant = "", data: DataOption = None) -> None:
    """Forget the sums and ask the ledger for them again. Until then statuses say that they are incomplete."""

    async def ask(caller: Caller) -> pb.RebuildBudgetsResponse:
        return await caller(caller.stub.RebuildBudgets, pb.RebuildBudgetsRequest(names=map(_full, names or ())))

    typer.echo(f"{_called(data, tenant, ask).rebuilding} budgets are being rebuilt; `budgets list` tells when they are")


@app.command()
def reconcile(
    names: Names = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Repair nothing; exit 1 where sums differ")] = False,
    tenant: Tenant = "",
    as_json: AsJson = False,
    data: DataOption = None,
) -> None:
    """Compare the sums with the ledger, and put right what differs."""

    async def ask(caller: Caller) -> pb.ReconcileBudgetsResponse:
        request = pb.ReconcileBudgetsRequest(names=map(_full, names or ()), dry_run=dry_run)
        return await caller(caller.stub.ReconcileBudgets, request)

    answer = _called(data, tenant, ask)
    if as_json:
        typer.echo(json.dumps(MessageToDict(answer, preserving_proto_field_name=True), indent=1))
    else:
        if answer.drifts:
            print_drifts(answer.drifts)
        typer.echo(f"{answer.checked} budgets checked, {len(answer.drifts)} sums differ from the ledger")
    if dry_run and answer.drifts:
        raise typer.Exit(1)


@app.command()
def check(
    estimate: Annotated[str, typer.Option("--estimate", help="Dollars")],
    dimension: Annotated[
        list[str] | None, typer.Option("--dimension", help="team=search, tag:feature=answers; as often as needed")
    ] = None,
    tenant: Tenant = "",
    as_json: AsJson = False,
    data: DataOption = None,
) -> None:
    """Ask whether a spend would fit the budgets; exit 3 where it would be denied."""
    intent = pb.SpendIntent()
    try:
        intent.estimate.CopyFrom(money.to_proto(money.parse_dollars(estimate)))
    except ValueError as error:
        fail(f"--estimate: {error}", WRONG_USAGE)
    for text in dimension or ():
        name, equals, value = text.partition("=")
        if not equals:
            fail(f"--dimension {text}: must read name=value, such as team=search", WRONG_USAGE)
        intent.dimensions[name] = value

    async def ask(caller: Caller) -> pb.CheckResponse:
        return await caller(caller.stub.Check, pb.CheckRequest(intent=intent))

    decision = _called(data, tenant, ask).decision
    if as_json:
        typer.echo(json.dumps(MessageToDict(decision, preserving_proto_field_name=True), indent=1))
    else:
        if decision.budgets:
            print_decision(decision)
        typer.echo(("allowed" if decision.allowed else "denied") + (f": {decision.reason}" if decision.reason else ""))
    if not decision.allowed:
        raise typer.Exit(DENIED)


async def _all(caller: Caller) -> list[pb.Budget]:
    found: list[pb.Budget] = []
    token = ""
    while True:
        request = pb.ListBudgetsRequest(page_size=_PAGE, page_token=token)
        answer: pb.ListBudgetsResponse = await caller(caller.stub.ListBudgets, request)
        found += answer.budgets
        token = answer.next_page_token
        if not token:
            return found


async def _one(caller: Caller, name: str) -> pb.Budget:
    answer: pb.GetBudgetResponse = await caller(caller.stub.GetBudget, pb.GetBudgetRequest(name=name))
    return answer.budget


async def _put(caller: Caller, entry: budget_file.Entry) -> str:
    """Creates or changes it; says which."""
    try:
        await _one(caller, entry.budget.name)
    except NotFoundError:
        request = pb.CreateBudgetRequest(budget=entry.budget, budget_id=entry.budget.name.removeprefix("budgets/"))
        await caller(caller.stub.CreateBudget, request)
        return "created"
    if entry.fields:  # An empty mask would mean every field.
        await caller(caller.stub.UpdateBudget, _change(entry.budget, entry.fields))
    return "changed"


def _change(budget: pb.Budget, fields: Sequence[str]) -> pb.UpdateBudgetRequest:
    return pb.UpdateBudgetRequest(budget=budget, update_mask=FieldMask(paths=fields))


def _called(data: Path | None, tenant: str, ask: Callable[[Caller], Awaitable[Result]]) -> Result:
    return called(data, tenant, lambda peers: peers.budget, BudgetServiceStub, ask)


def _full(name: str) -> str:
    return name if name.startswith("budgets/") else f"budgets/{name}"


def _moment(text: str, option: str) -> Micros:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        fail(f"{option}: {error}", WRONG_USAGE)


def _echo_json(messages: Sequence[Message]) -> None:
    found = [MessageToDict(message, preserving_proto_field_name=True) for message in messages]
    typer.echo(json.dumps(found, indent=1))
