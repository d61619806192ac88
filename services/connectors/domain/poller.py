"""A configured poll: which connector, with what, how often; and how far it got."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.connectors.domain import windows
from services.connectors.domain.connector import Connector, Window
from services.connectors.domain.event import Event, bounded_id


@dataclass(frozen=True)
class Poller:
    """One source read for one tenant."""

    name: str
    connector: Connector
    options: Mapping[str, str]
    base_url: str
    interval: timedelta
    requests_per_minute: int
    account: str = ""
    """Tells two accounts of one source apart: it goes in front of their events' ids."""
    backfill_from: datetime | None = None

    @property
    def reads(self) -> str:
        """Names what is read. A checkpoint of something else says nothing about it."""
        what = [self.connector.name, self.base_url, self.account, sorted(self.options.items())]
        return hashlib.blake2b(json.dumps(what).encode(), digest_size=16).hexdigest()

    def identified(self, event: Event) -> Event:
        """The event with its account in front of its id."""
        if not self.account:
            return event
        return {**event, "id": bounded_id(f"{self.account}/{event['id']}")}


@dataclass(frozen=True)
class Checkpoint:
    """Everything the source had between `since` and `through` was sent to ingest."""

    poller: str
    reads: str
    since: datetime
    through: datetime
    polled_at: datetime
    rows: int = 0
    """Sent by the poll that saved it."""
    version: int = 0
    """Rises with each save, whatever clocks do."""

    def advanced(self, window: Window, through: datetime, polled_at: datetime, rows: int) -> Checkpoint:
        """After a further window."""
        return replace(
            self,
            since=min(self.since, window.start),
            through=through,
            polled_at=polled_at,
            rows=rows,
            version=self.version + 1,
        )


def start_of_poll(poller: Poller, checkpoint: Checkpoint | None, now: datetime) -> datetime:
    """Where a poll begins to read.

    Without a checkpoint, or where the back-fill was set to an earlier day than was read so far: at the back-fill's
    start, which is the connector's usual history unless the poller says. A checkpoint that begins in the future was
    made by a wrong clock and says nothing.
    """
    connector = poller.connector
    wanted = windows.floor(poller.backfill_from or now - connector.history, connector.grain)
    if checkpoint is None or checkpoint.reads != poller.reads or checkpoint.since > now:
        return wanted
    if poller.backfill_from is not None and wanted < checkpoint.since:
        return wanted
    return max(checkpoint.since, windows.reread_from(checkpoint.through, now, connector.settles_after, connector.grain))


def first_checkpoint(poller: Poller, checkpoint: Checkpoint | None, start: datetime) -> Checkpoint:
    """What a poll that begins at `start` builds on: the stored checkpoint, or an empty one above its version."""
    if checkpoint is not None and checkpoint.reads == poller.reads and start >= checkpoint.since:
        return checkpoint
    version = checkpoint.version if checkpoint is not None else 0
    return Checkpoint(poller.name, poller.reads, start, start, start, version=version)
