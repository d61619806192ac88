"""A connector over a list of rows, and the world it is polled in, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from services.common.clock import ManualClock, to_datetime, to_micros
from services.common.errors import UnavailableError
from services.connectors.domain.connector import Answer, Api, Connector, Params, Unreadable, Window
from services.connectors.domain.event import Event, rfc3339
from services.connectors.domain.poller import Checkpoint, Poller
from services.connectors.handlers.poll import Poll
from services.connectors.handlers.poll_ports import DatedApi, LeaseLostError, Refused, Sink

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Source(Api):
    """Hours and how much was used in each, as the source would say it now; it can be away or have another clock."""

    clock: ManualClock
    used: dict[datetime, int] = field(default_factory=dict)
    page_size: int = 3
    behind: timedelta = timedelta(0)
    unreadable: set[datetime] = field(default_factory=set)
    windows: list[Window] = field(default_factory=list)
    fail_after_pages: int | None = None

    async def get(self, path: str, params: Params | None = None) -> Answer:
        return Answer(None)

    async def post(self, path: str, body: Mapping[str, object]) -> Answer:
        return Answer(None)

    async def pages(
        self, api: Api, window: Window, options: Mapping[str, str]
    ) -> AsyncIterator[Sequence[Event | Unreadable]]:
        self.windows.append(window)
        seen_there = to_datetime(self.clock.now()) - self.behind
        hours = sorted(hour for hour in self.used if window.start <= hour < window.end and hour <= seen_there)
        for start in range(0, len(hours), self.page_size):
            if self.fail_after_pages is not None:
                if self.fail_after_pages == 0:
                    raise UnavailableError("the source went away")
                self.fail_after_pages -= 1
            yield [self._row(hour) for hour in hours[start : start + self.page_size]]

    def _row(self, hour: datetime) -> Event | Unreadable:
        if hour in self.unreadable:
            return Unreadable(rfc3339(hour), "used is missing")
        return {"id": rfc3339(hour), "time": rfc3339(hour), "source": "s", "usage": {"input_tokens": self.used[hour]}}

    def connector(self) -> Connector:
        return Connector(
            name="s",
            title="S",
            base_url="https://s.example",
            headers=lambda secret: {"Authorization": secret},
            pages=self.pages,
            grain=HOUR,
            settles_after=3 * HOUR,
            interval=HOUR,
            history=2 * DAY,
            requests_per_minute=60,
            options={},
            stride=DAY,
        )


@dataclass
class Watch:
    """An observer that remembers."""

    failures: list[tuple[str, str, str]] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "rejected": 0})
    gone: list[str] = field(default_factory=list)

    def sent(self, poller: Poller, accepted: int, refused: Sequence[Refused]) -> None:
        self.rows["accepted"] += accepted
        self.rows["rejected"] += len(refused)

    def polled(self, poller: Poller, checkpoint: Checkpoint) -> None:
        self.checkpoints.append(checkpoint)

    def failed(self, poller: Poller, reason: str, detail: str) -> None:
        self.failures.append((poller.name, reason, detail))

    def released(self, poller: Poller) -> None:
        self.gone.append(poller.name)


@dataclass
class World:
    """Ingest, the tables and a lease."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(to_micros(NOW)))
    accepted: dict[str, Event] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)
    stored: dict[str, Checkpoint] = field(default_factory=dict)
    kept: list[Refused] = field(default_factory=list)
    watch: Watch = field(default_factory=Watch)
    refuse: str = ""
    """Ids that hold it are refused."""
    ingest_fails_after: int | None = None
    tables_away: bool = False
    lease_lost: bool = False

    def __post_init__(self) -> None:
        self.at = Source(self.clock)

    def poller(self, **changes: object) -> Poller:
        plain = Poller("p", self.at.connector(), {}, "https://s.example", timedelta(milliseconds=20), 60)
        return replace(plain, **changes)  # type: ignore[arg-type]

    def poll(self, **changes: object) -> Poll:
        return Poll(self.poller(**changes), self, self, self, self.watch, self.clock)

    def tokens(self) -> dict[str, int]:
        """What ingest holds of each id: the last that was sent counts."""
        return {name: int(event["usage"]["input_tokens"]) for name, event in self.accepted.items()}

    def truth(self) -> dict[str, int]:
        return {rfc3339(hour): used for hour, used in self.at.used.items()}

    # Connections
    @asynccontextmanager
    async def source(self, poller: Poller) -> AsyncIterator[DatedApi]:
        yield self.at

    @asynccontextmanager
    async def sink(self, poller: Poller) -> AsyncIterator[Sink]:
        yield self

    # Sink
    async def send(self, events: Sequence[Event]) -> Sequence[Refused]:
        if self.ingest_fails_after is not None:
            if self.ingest_fails_after == 0:
                raise UnavailableError("ingest is away", retry_after_seconds=0.01)
            self.ingest_fails_after -= 1
        self.sent.append(len(events))
        refused = [e for e in events if self.refuse and self.refuse in e["id"]]
        self.accepted |= {e["id"]: e for e in events if e not in refused}
        return [Refused(e["id"], "out_of_range", "too old", e) for e in refused]

    # Checkpoints
    async def load(self, poller: str) -> Checkpoint | None:
        self._table()
        return self.stored.get(poller)

    async def save(self, checkpoint: Checkpoint) -> None:
        self._table()
        known = self.stored.get(checkpoint.poller)
        if known is None or checkpoint.version > known.version:
            self.stored[checkpoint.poller] = checkpoint

    # Rejections
    async def keep(self, poller: str, refused: Sequence[Refused], at: datetime) -> None:
        self._table()
        self.kept += refused

    def _table(self) -> None:
        if self.tables_away:
            raise UnavailableError("ClickHouse is away")

    # Lease
    def check(self) -> None:
        if self.lease_lost:
            raise LeaseLostError("Kafka is away")
