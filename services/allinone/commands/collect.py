"""`aifinops collect`: what coding agents logged on this machine."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from services.allinone.commands.common import WRONG_USAGE, fail, stderr
from services.allinone.commands.ingest_options import (
    DEFAULT_PATIENCE,
    DEFAULT_URL,
    KeyFile,
    Patience,
    Url,
    api_key,
)
from services.common.errors import UnavailableError
from services.connectors.adapters.ingest_client import IngestClient, IngestRefusedError
from services.connectors.agents.claude_code import CLAUDE_CODE
from services.connectors.agents.codex import CODEX
from services.connectors.agents.gemini_cli import GEMINI_CLI
from services.connectors.agents.memory import ForgottenError, Memory
from services.connectors.agents.use import Agent, Owner
from services.connectors.files import values
from services.connectors.handlers.collecting import Collected, Collector, Places, named

AGENTS: tuple[Agent, ...] = (CLAUDE_CODE, CODEX, GEMINI_CLI)

_ALL = ",".join([agent.name for agent in AGENTS])
_SHOWN = 5


def collect_command(
    agents: Annotated[str, typer.Option("--agents", help="Which, separated by commas")] = _ALL,
    home: Annotated[Path | None, typer.Option("--home", help="Folder with .claude, .codex, .gemini")] = None,
    since: Annotated[str, typer.Option("--since", help="Only what happened from this time on: 2026-11-01")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Go on watching; Ctrl-C ends it")] = False,
    every: Annotated[float, typer.Option("--every", min=0.1, help="Seconds between looks of --follow")] = 10,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = None,
    patience: Patience = DEFAULT_PATIENCE,
    user: Annotated[str, typer.Option("--user", help="Whose it is; by default git's e-mail, else the login")] = "",
    team: Annotated[str, typer.Option("--team")] = "",
    environment: Annotated[str, typer.Option("--environment")] = "",
    no_project: Annotated[bool, typer.Option("--no-project", help="Do not send the folder's name as project")] = False,
    subscription: Annotated[
        bool, typer.Option("--subscription", help="Paid by seats: usage is reported and is no spend of its own")
    ] = False,
    state: Annotated[Path | None, typer.Option("--state", help="File that remembers what was collected")] = None,
) -> None:
    """Send the usage in the logs of coding agents: counts, names and times, never what was asked or answered."""
    try:
        chosen = named(AGENTS, [name.strip() for name in agents.split(",") if name.strip()])
        from_time = values.time(since) if since else None
    except ValueError as error:
        fail(str(error), code=WRONG_USAGE)
    if home is not None and not home.is_dir():
        fail(f"--home {home} is no folder", code=WRONG_USAGE)
    key = api_key(key_file)
    owner = Owner(user or _user(), team, environment, not no_project, subscription)
    # Folders named by variables are this user's, not those of another home.
    places = Places(home or Path.home(), {} if home else dict(os.environ), from_time)
    try:
        memory = Memory(state or _state_file(url, key))
        client = IngestClient(url, key, patience_seconds=patience)
        try:
            found = asyncio.run(_collect(chosen, places, owner, memory, client, every if follow else None))
        finally:
            memory.close()
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except (IngestRefusedError, UnavailableError, ForgottenError) as error:
        fail(str(error))
    raise typer.Exit(1 if found.rejected else 0)


async def _collect(
    agents: list[Agent], places: Places, owner: Owner, memory: Memory, client: IngestClient, every: float | None
) -> Collected:
    async with client:
        collector = Collector(agents, places, owner, memory, client)
        found = await collector.look()
        _tell(found)
        while every is not None:
            await asyncio.sleep(every)
            found = await collector.look()
            if found.accepted or found.rejected or found.unreadable:
                typer.echo(f"{datetime.now().astimezone():%H:%M:%S} ", nl=False)
                _tell(found)
    return found


def _tell(found: Collected) -> None:
    for message in found.rejected[:_SHOWN]:
        stderr.print(f"rejected: {message}", markup=False, highlight=False, soft_wrap=True)
    unreadable = f", {found.unreadable:,} unreadable lines passed over" if found.unreadable else ""
    rejected = f", {len(found.rejected):,} rejected" if found.rejected else ""
    typer.echo(f"{found.files:,} logs with something new: {found.accepted:,} requests sent{rejected}{unreadable}")


def _user() -> str:
    try:
        git = shutil.which("git") or ""
        said = subprocess.run(
            [git, "config", "--global", "user.email"], capture_output=True, text=True, timeout=5, check=False
        )
        email = said.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        email = ""
    try:
        return email or getpass.getuser()
    except (OSError, KeyError):
        return ""


def _state_file(url: str, key: str) -> Path:
    """One for each destination: what one ingest has, another does not."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    destination = hashlib.blake2b(f"{url.rstrip('/')}\0{key}".encode(), digest_size=8).hexdigest()
    return folder / "aifinops" / f"collected-{destination}.sqlite"
