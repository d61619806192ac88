"""One request of a coding agent, as its log tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from services.connectors.domain.event import Event

Context = dict[str, Any]
"""What a reader must remember of a file to go on in its middle; JSON."""


@dataclass(frozen=True)
class Use:
    """A request. Logs repeat it: while it streams, in forks, in resumed sessions; the copies share the id."""

    id: str
    time: str
    """RFC 3339."""
    usage: Mapping[str, int]
    """Disjoint buckets."""
    model: str = ""
    provider: str = ""
    session: str = ""
    folder: str = ""
    """Last part of the folder it worked in."""
    service_tier: str = ""

    @property
    def weight(self) -> int:
        """Tokens. Of several copies the heaviest is the whole one: counts only grow while a request streams."""
        return sum(self.usage.values())


class Reader(Protocol):
    """Reads one file's lines, in order."""

    @property
    def context(self) -> Context:
        """To be given to the next reader, which goes on after the last line."""
        ...

    def uses(self, line: bytes) -> Iterator[Use]:
        """What a line tells.

        Raises:
            ValueError: it is not as this agent writes them.
        """
        ...


Find = Callable[[str], Path | None]
"""The file of another session of the same agent, by its id."""


@dataclass(frozen=True)
class Agent:
    """A coding agent."""

    name: str
    """As `--agents` calls it."""
    tool: str
    """Also the `source` of its events."""
    files: Callable[[Path, Mapping[str, str]], Iterator[Path]]
    """Its logs, from the home folder and the environment."""
    reader: Callable[[Path, Context, Find], Reader]


@dataclass(frozen=True)
class Owner:
    """What the logs do not say."""

    user: str = ""
    team: str = ""
    environment: str = ""
    with_project: bool = True
    subscription: bool = False
    """Paid by a seat: usage is reported, and no spend of its own."""
    tags: Mapping[str, str] = field(default_factory=dict)


def event(use: Use, agent: Agent, owner: Owner) -> Event:
    """The event a request is."""
    made: Event = {
        "id": use.id,
        "time": use.time,
        "source": agent.tool,
        "tool": agent.tool,
        "usage": {**{bucket: count for bucket, count in use.usage.items() if count}, "requests": 1},
    }
    optional = {
        "provider": use.provider, "model": use.model, "session": use.session, "service_tier": use.service_tier,
        "project": use.folder if owner.with_project else "", "user": owner.user, "team": owner.team,
        "environment": owner.environment, "tags": dict(owner.tags),
        "measurement": "reported" if owner.subscription else "",
    }  # fmt: skip
    made.update({name: value for name, value in optional.items() if value})  # type: ignore[typeddict-item]
    return made
