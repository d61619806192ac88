"""Sees to it that whatever is told explains itself, if the ledger lets it; and later, if it does not."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Cause

from services.anomaly.handlers.causes import Causes
from services.anomaly.handlers.outbox import Outbox, Waiting
from services.anomaly.handlers.ports import History, ReadThrough
from services.common.errors import ApiError, UnavailableError
from services.common.log import get_logger

log = get_logger(__name__)

FILLED_AT_ONCE = 5
"""Causes of what was told without, looked up in one go: they are in nobody's way."""


class Explainer:
    """Works beside the watch: reading costs never waits for it."""

    def __init__(self, causes: Causes, history: History, outbox: Outbox) -> None:
        self._causes = causes
        self._history = history
        self._outbox = outbox

    async def work(self) -> None:
        """Explains what waits to be told and tells it; then what was told without a cause.

        Raises:
            UnavailableError: the ledger, Kafka or ClickHouse is away; what waits is told without a cause in time.
        """
        try:
            for waiting in self._outbox.unsettled:
                if await self._is_written(waiting.through):
                    await self._settle(waiting)
        finally:
            await self._outbox.flush()
        for anomaly in self._outbox.unexplained[:FILLED_AT_ONCE]:
            await self._outbox.fill_in(anomaly, await self._cause(anomaly))

    async def _settle(self, waiting: Waiting) -> None:
        anomaly = waiting.anomaly
        self._outbox.settle(waiting, anomaly, await self._cause(anomaly))

    async def _cause(self, anomaly: Anomaly) -> Cause | None:
        try:
            return await self._causes.of(anomaly, self._outbox.known(anomaly.tenant_id))
        except UnavailableError:
            raise
        except ApiError as error:
            # Asking again would be answered alike.
            log.warning("an anomaly stays without a cause", anomaly=anomaly.name, error=error.message)
            return None

    async def _is_written(self, through: ReadThrough | None) -> bool:
        """Whether the ledger holds what the watch had read: the writer of the ledger may be a second behind."""
        if through is None:
            return True
        written = (await self._history.positions(through.incarnation)).costs
        return all(written.get(partition, -1) + 1 >= offset for partition, offset in through.offsets.items())
