"""A stretch of history read on request: no checkpoint moves, and no lease is needed, since rows carry their ids."""

from __future__ import annotations

from collections.abc import Iterable

from services.connectors.domain.connector import Window
from services.connectors.domain.poller import Poller
from services.connectors.handlers.poll import Keep, transfer
from services.connectors.handlers.poll_ports import Connections


class AlwaysHeld:
    """The lease of somebody who asks for it themselves."""

    def check(self) -> None:
        return None


async def backfill(poller: Poller, connections: Connections, stretch: Iterable[Window], keep: Keep) -> None:
    """Sends everything the source has in these windows; `keep` is told of each batch.

    Raises:
        SourceRefusedError, ConfigurationError, UnavailableError: as `Poll.run`.
    """
    async with connections.source(poller) as api, connections.sink(poller) as sink:
        for window in stretch:
            await transfer(poller, api, sink, window, keep, AlwaysHeld())
