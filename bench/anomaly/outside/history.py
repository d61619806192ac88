"""What comes and goes in an organisation: flows, their events, and what is done to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from bench.anomaly.clockwork import DAY, WEEK
from bench.anomaly.incidents import Incident
from bench.anomaly.outside.flows import Events, Floats, Flow, Labels, draw
from services.common.clock import MINUTE

QUIET_WEEKS = 3
"""Before anything goes wrong."""


@dataclass
class History:
    """Flows, their events, and what went wrong with them."""

    rng: np.random.Generator
    weeks: int
    flows: list[Flow]
    parts: list[Events] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    renamed: list[tuple[int, int, Labels]] = field(default_factory=list)
    """Flow, hour since which, and by which labels."""
    spared: frozenset[str] = frozenset()
    """Teams to which nothing happens."""
    shared: bool = False
    """What goes wrong goes wrong for many teams at once."""
    quiet_weeks: float = QUIET_WEEKS
    _taken: list[tuple[int, int, str]] = field(default_factory=list)
    _brought: set[int] = field(default_factory=set)

    @property
    def hours(self) -> int:
        return self.weeks * WEEK

    @property
    def came(self) -> int:
        """Number of events that came."""
        return int((~self.parts[0].missing).sum())

    def start(self) -> None:
        """Draws what is usual, unless somebody has drawn it."""
        if not self.parts:
            parts = [draw(self.rng, flow, number, flow.rate) for number, flow in enumerate(self.flows)]
            self.parts = [Events.joined(parts)]

    def victim(self, minutes: int, suits: Callable[[Flow], bool], *, daily: bool = False) -> tuple[int, int] | None:
        """A flow and the minute at which it begins: any at which that flow is as busy as on average."""
        known = [
            n for n, flow in enumerate(self.flows)
            if suits(flow) and flow.labels["team"] not in self.spared and n not in self._brought
        ]  # fmt: skip
        first, last = int(self.quiet_weeks * WEEK * 60), self.hours * 60 - minutes - 600
        for _ in range(500):
            number, begin = int(self.rng.choice(known)), int(self.rng.integers(first, last))
            begin = begin // (DAY * 60) * DAY * 60 if daily else begin
            flow = self.flows[number]
            idle = flow.rate[begin // 60] < 0.7 * flow.rate.mean()
            if (daily or not idle) and self._is_free(begin, begin + minutes, flow.labels["team"]):
                return number, begin
        return None

    def _is_free(self, begin: int, end: int, team: str, apart: int = 36 * 60) -> bool:
        return not any(
            team == other and begin < late + apart and early < end + apart for early, late, other in self._taken
        )

    def enter(self, kind: str, begin: int, minutes: int, flow: int, channels: frozenset[int]) -> int:
        """Books it; returns its number."""
        number = len(self.incidents)
        self.incidents.append(Incident(number, kind, begin, begin + minutes, channels))
        self._taken.append((begin, begin + minutes, self.flows[flow].labels["team"]))
        return number

    def bring(self, flow: Flow) -> int:
        """One more flow; returns its number."""
        self.flows.append(flow)
        self._brought.add(len(self.flows) - 1)
        return len(self.flows) - 1

    def change(self, number: int, flow: int, begin: int, end: int, how: Callable[[Events], Events]) -> None:
        """Does something to the events of a flow between two minutes. What they cost more is the incident's."""
        (events,) = self.parts
        hit = (events.flow == flow) & (events.time >= begin * MINUTE) & (events.time < end * MINUTE) & ~events.missing
        before = events.pick(hit)
        after = how(before)
        more = after.dollars - before.dollars
        after = replace(after, incident=np.full(len(after), number), excess=more)
        self.parts = [Events.joined([events.pick(~hit), after])]

    def leave_out(self, number: int, flow: int, begin: int, end: int, share: float = 1.0) -> None:
        """So many of those events do not come."""
        (events,) = self.parts
        hit = (events.flow == flow) & (events.time >= begin * MINUTE) & (events.time < end * MINUTE) & ~events.missing
        hit &= self.rng.random(len(events)) < share
        gone = events.pick(hit)
        gone = replace(
            gone, incident=np.full(len(gone), number), excess=-gone.dollars, missing=np.ones(len(gone), bool)
        )
        self.parts = [Events.joined([events.pick(~hit), gone])]

    def add(self, number: int, more: Events, begin: int, end: int) -> None:
        """Events that come only because of it, between two minutes."""
        more = more.pick((more.time >= begin * MINUTE) & (more.time < end * MINUTE))
        more = replace(more, incident=np.full(len(more), number), excess=more.dollars)
        self.parts = [Events.joined([*self.parts, more])]

    def like(self, flow: int, rate: Floats, records: int = 60) -> Events:
        """More events such as the flow's, at this rate."""
        return draw(self.rng, self.flows[flow], flow, rate, records)

    def between(self, begin: int, end: int) -> Floats:
        """1 in the hours that those minutes touch."""
        mask = np.zeros(self.hours)
        mask[begin // 60 : -(-end // 60)] = 1.0
        return mask
