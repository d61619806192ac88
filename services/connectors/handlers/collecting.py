"""Collects what coding agents logged since last time.

A request's id is the agent's own, so its copies in forks and resumed sessions, and a log read again, count once. Of
several copies the heaviest is sent: a request that was still streaming is revised when it is whole.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from services.connectors.agents.lines import complete_lines
from services.connectors.agents.memory import Memory, Seen
from services.connectors.agents.use import Agent, Owner, Use, event
from services.connectors.files.opening import FileError
from services.connectors.handlers.importing import BATCH, Outlet


@dataclass
class Collected:
    """What one look gave."""

    files: int = 0
    """With something new."""
    accepted: int = 0
    """Requests."""
    unreadable: int = 0
    """Lines that are not as their agent writes them."""
    rejected: list[str] = field(default_factory=list)
    """What ingest said of each request it did not accept."""


@dataclass(frozen=True)
class Places:
    """Where logs are."""

    home: Path
    environment: Mapping[str, str]
    since: datetime | None = None
    """Only what happened from here on."""


class Collector:
    """Looks through the logs of some agents."""

    def __init__(self, agents: Sequence[Agent], places: Places, owner: Owner, memory: Memory, outlet: Outlet) -> None:
        self._agents = agents
        self._places = places
        self._owner = owner
        self._memory = memory
        self._outlet = outlet

    async def look(self, told: Callable[[Collected], None] = lambda _: None) -> Collected:
        """Reads what is new and sends it; what was sent is remembered only then.

        Args:
            told: is told how far it is, after each batch.

        Raises:
            whatever the outlet raises, and ForgottenError.
        """
        found = Collected()
        for agent in self._agents:
            batch = _Batch(agent, self._memory)
            for path, seen in await asyncio.to_thread(self._changed, agent):
                found.files += 1
                found.unreadable += await asyncio.to_thread(self._read, agent, path, seen, batch)
                if len(batch.uses) >= BATCH:
                    await self._send(batch, found)
                    told(found)
            await self._send(batch, found)
            told(found)
        return found

    def _changed(self, agent: Agent) -> list[tuple[Path, Seen]]:
        """Files with something new, and from where."""
        changed = []
        for path in dict.fromkeys(agent.files(self._places.home, self._places.environment)):
            try:
                now = Seen.of(path)
            except OSError:
                continue  # Deleted since it was listed.
            before = self._memory.seen(path)
            since = self._places.since
            if before is not None and before.is_same(now):
                continue
            if before is None and since is not None and now.modified_ns < since.timestamp() * 1e9:
                continue
            if before is not None and before.grew_into(now):
                now = replace(now, position=before.position, context=before.context)
            changed.append((path, now))
        return changed

    def _read(self, agent: Agent, path: Path, seen: Seen, batch: _Batch) -> int:
        """Reads a file on; gives how many lines were unreadable."""
        reader = agent.reader(path, dict(seen.context), lambda session: self._session(agent, session))
        position, unreadable = seen.position, 0
        try:
            for line in complete_lines(path, seen.position):
                position = line.end
                try:
                    for use in reader.uses(line.data):
                        if self._places.since is None or datetime.fromisoformat(use.time) >= self._places.since:
                            batch.add(use)
                except ValueError:
                    unreadable += 1
        except (OSError, FileError):
            return unreadable + 1  # Not remembered, so that the next look tries again.
        batch.files[path] = replace(seen, position=position, context=reader.context)
        return unreadable

    def _session(self, agent: Agent, session: str) -> Path | None:
        if not re.fullmatch(r"[\w-]+", session):
            return None
        files = agent.files(self._places.home, self._places.environment)
        return next((path for path in files if session in path.name), None)

    async def _send(self, batch: _Batch, found: Collected) -> None:
        uses = list(batch.uses.values())
        for part in _parts(uses):
            taken = await self._outlet.send([event(use, batch.agent, self._owner) for use in part])
            found.accepted += taken.accepted
            found.rejected += [refusal.message for refusal in taken.rejected]
        self._memory.keep(batch.files, [(batch.agent.name, use) for use in uses])
        batch.uses.clear()
        batch.files.clear()


class _Batch:
    """Requests to be sent, each once, and the files they complete."""

    def __init__(self, agent: Agent, memory: Memory) -> None:
        self.agent = agent
        self.uses: dict[str, Use] = {}
        self.files: dict[Path, Seen] = {}
        self._memory = memory

    def add(self, use: Use) -> None:
        """One copy of a request. It keeps the time it was first seen with."""
        waiting = self.uses.get(use.id)
        if waiting is not None:
            if use.weight > waiting.weight:
                self.uses[use.id] = replace(use, time=min(use.time, waiting.time))
            elif use.time < waiting.time:
                self.uses[use.id] = replace(waiting, time=use.time)
            return
        sent = self._memory.sent(self.agent.name, use.id)
        if sent is None:
            self.uses[use.id] = use
        elif use.weight > sent.weight:
            self.uses[use.id] = replace(use, time=sent.time)


def _parts(uses: Sequence[Use]) -> Iterator[Sequence[Use]]:
    for start in range(0, len(uses), BATCH):
        yield uses[start : start + BATCH]


def named(agents: Iterable[Agent], names: Sequence[str]) -> list[Agent]:
    """The agents called so.

    Raises:
        ValueError: there is none of a name.
    """
    by_name = {agent.name: agent for agent in agents}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ValueError(f"no agent {unknown[0]!r}: choose from {', '.join(by_name)}")
    return [by_name[name] for name in names]
