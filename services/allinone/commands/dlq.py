"""`aifinops dlq`: look at the records that consumers set aside, mend them, replay them or drop them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from services.allinone.commands import dlq_edit
from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run, settings_of, stderr
from services.allinone.commands.dlq_replay import Outcome, drop, replay
from services.allinone.commands.dlq_view import Selection, counts, summary, table, whole
from services.common.clock import DAY, HOUR, MINUTE, SECOND, Micros, SystemClock, parse_rfc3339
from services.common.errors import FailedPreconditionError, NotFoundError
from services.common.kafka.dead_letter_log import DeadLetterLog
from services.common.kafka.dead_letter_record import DeadLetter, LetterId, State
from services.common.kafka.dead_letter_replay import never_replayed

app = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, edit, replay, drop.")

Result = TypeVar("Result")

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}

Id = Annotated[str, typer.Argument(help="As `list` shows it")]
Ids = Annotated[list[str] | None, typer.Argument(help="As `list` shows them")]
Group = Annotated[str, typer.Option("--group", help="Only of this consumer: pricing, ledger, ...")]
Reason = Annotated[str, typer.Option("--reason", help="Only for this reason")]
Topic = Annotated[str, typer.Option("--topic", help="Only from this topic")]
Since = Annotated[str, typer.Option("--since", help="Only set aside since: 30m, 2h, 3d, or 2026-11-23T12:00:00Z")]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON for each")]
All = Annotated[bool, typer.Option("--all", help="Every open one")]


@app.command("list")
def list_command(
    group: Group = "",
    reason: Reason = "",
    topic: Topic = "",
    since: Since = "",
    state: Annotated[str, typer.Option("--state", help="open, replayed, edited, dropped or all")] = "open",
    limit: Annotated[int, typer.Option("--limit", min=0, help="The latest so many; 0: all")] = 50,
    as_json: AsJson = False,
    data: DataOption = None,
) -> None:
    """The records set aside, and how many for which reason."""
    wanted = _state(state)
    selection = _selection((), group, reason, topic, since)

    async def work(log: DeadLetterLog) -> list[DeadLetter]:
        found = selection.of(await log.letters(), log)
        return [letter for letter in found if wanted in (None, letter.state)]

    letters = _with_log(data, work)
    shown = letters[-limit:] if limit else letters
    if as_json:
        for letter in shown:
            typer.echo(json.dumps(summary(letter)))
        return
    if shown:
        # Piped into another command, nothing is cut.
        console = Console() if sys.stdout.isatty() else Console(width=10_000)
        console.print(table(shown, with_state=wanted is not State.OPEN), crop=False)
    more = f"; the latest {limit} are shown" if len(shown) < len(letters) else ""
    typer.echo(counts(letters, wanted) + more)


@app.command()
def show(letter: Id, raw: Annotated[Path | None, typer.Option("--raw", help="Write its bytes to this file")] = None,
         data: DataOption = None) -> None:  # fmt: skip
    """All of one as JSON: what it says, why it was set aside, and where it came from."""
    identity = _id(letter)

    async def work(log: DeadLetterLog) -> None:
        found = _one(await log.letters(), identity)
        if raw is not None:
            raw.write_bytes(found.value or b"")
        typer.echo(json.dumps(whole(found, log.bare(found.origin.at.topic)), indent=2, ensure_ascii=False))

    _with_log(data, work)


@app.command()
def edit(
    letter: Id,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="field=value, quantities.input_tokens=5; may be repeated")
    ] = None,
    value_file: Annotated[
        Path | None, typer.Option("--value-file", exists=True, dir_okay=False, help="The whole message: JSON or bytes")
    ] = None,
    then_replay: Annotated[bool, typer.Option("--replay", help="Replay it at once")] = False,
    data: DataOption = None,
) -> None:
    """Mend one, in $EDITOR unless told how; a mended copy takes its place."""
    identity, fields = _id(letter), dict(map(_assignment, assignments or ()))
    if fields and value_file is not None:
        fail("--set and --value-file do not go together", WRONG_USAGE)

    async def work(log: DeadLetterLog) -> str | None:
        found = _one(await log.letters(), identity)
        topic = log.bare(found.origin.at.topic)
        if found.state is not State.OPEN:
            raise FailedPreconditionError(
                f"{identity} was {found.state} already{f' ({found.note})' * bool(found.note)}"
            )
        if never := never_replayed(topic):
            raise FailedPreconditionError(never)
        if fields:
            message = dlq_edit.with_assignments(found, topic, fields)
        elif value_file is not None:
            message = dlq_edit.from_file(topic, value_file)
        else:
            left = dlq_edit.in_editor(found, topic)
            if left is None:
                return None
            message = left
        return await log.put(found, *dlq_edit.sealed(message, found))

    copy = _with_log(data, work)
    if copy is None:
        typer.echo("nothing was changed")
        return
    typer.echo(f"{identity} is now {copy}")
    if then_replay:
        _tell(_with_log(data, lambda log: replay(log, Selection(ids=frozenset([_id(copy)])))), "replayed")


@app.command("replay")
def replay_command(
    letters: Ids = None,
    group: Group = "",
    reason: Reason = "",
    topic: Topic = "",
    since: Since = "",
    every: All = False,
    force: Annotated[bool, typer.Option("--force", help="Also where a later record of the same event exists")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done")] = False,
    data: DataOption = None,
) -> None:
    """Write open ones to the topic they came from again. Exit 1 where one could not be."""
    selection = _narrowed(letters, group, reason, topic, since, every)
    _in_bulk(data, lambda log, ahead: replay(log, selection, force=force, dry_run=dry_run, ahead=ahead),
             "would be replayed" if dry_run else "replayed")  # fmt: skip


@app.command("drop")
def drop_command(
    letters: Ids = None,
    group: Group = "",
    reason: Reason = "",
    topic: Topic = "",
    since: Since = "",
    every: All = False,
    because: Annotated[str, typer.Option("--because", help="Kept with them")] = "",
    data: DataOption = None,
) -> None:
    """Settle open ones without replaying them. The topic keeps them until its retention ends."""
    selection = _narrowed(letters, group, reason, topic, since, every)
    _in_bulk(data, lambda log, ahead: drop(log, selection, because, ahead=ahead), "dropped")


# --- what the options say -------------------------------------------------------------------------------------------


def _narrowed(letters: Sequence[str] | None, group: str, reason: str, topic: str, since: str, every: bool) -> Selection:
    selection = _selection(letters or (), group, reason, topic, since)
    if selection.names_any() and every:
        fail("--all is for every open one: leave it out, or leave out the ids and filters beside it", WRONG_USAGE)
    if not selection.names_any() and not every:
        fail("name dead letters, or filter them, or say --all", WRONG_USAGE)
    return selection


def _selection(letters: Sequence[str], group: str, reason: str, topic: str, since: str) -> Selection:
    return Selection(frozenset(map(_id, letters)), group, reason, topic, _moment(since) if since else None)


def _id(text: str) -> LetterId:
    try:
        return LetterId.parse(text)
    except ValueError as error:
        fail(str(error), WRONG_USAGE)


def _state(text: str) -> State | None:
    if text == "all":
        return None
    try:
        return State(text)
    except ValueError:
        fail(f"--state {text!r}: one of {', '.join(State)}, all", WRONG_USAGE)


def _moment(text: str) -> Micros:
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if ago:
        return SystemClock().now() - int(ago[1]) * _UNITS[ago[2]]
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        fail(f"--since: {error}, nor 30m, 2h or 3d", WRONG_USAGE)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        fail(f"--set {text!r}: it reads field=value", WRONG_USAGE)
    return name, value


# --- doing it -------------------------------------------------------------------------------------------------------


def _with_log(data: Path | None, work: Callable[[DeadLetterLog], Awaitable[Result]]) -> Result:
    settings = settings_of(data)

    async def opened() -> Result:
        log = DeadLetterLog(settings.kafka)
        try:
            return await work(log)
        finally:
            await log.stop()

    return run(opened())


def _in_bulk(
    data: Path | None, work: Callable[[DeadLetterLog, Callable[[int, int], None]], Awaitable[Outcome]], done: str
) -> None:
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        bar = progress.add_task("dead letters", total=None)

        def ahead(finished: int, total: int) -> None:
            progress.update(bar, completed=finished, total=total)

        outcome = _with_log(data, lambda log: work(log, ahead))
    _tell(outcome, done)


def _tell(outcome: Outcome, done: str) -> None:
    typer.echo(f"{outcome.done} {done}" + (f", {outcome.refused} not" if outcome.refused else ""))
    for reason, ids in outcome.refusals.items():
        some = ", ".join(ids[:10]) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")
        stderr.print(f"{some}: {reason}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if outcome.refused:
        raise typer.Exit(1)


def _one(letters: Sequence[DeadLetter], identity: LetterId) -> DeadLetter:
    for letter in letters:
        if letter.id == identity:
            return letter
    raise NotFoundError(f"no dead letter {identity}: `aifinops dlq list --state all` shows those there are")
