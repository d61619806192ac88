"""What people say, taken in by the watch: at once, or when the history that is being read has been."""

from __future__ import annotations

from collections.abc import Sequence

from services.anomaly.domain.series import Reader, hour_of
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.handlers.desk import Desk
from services.anomaly.handlers.ports import Announced, History, Labelled, Labels, Windows
from services.anomaly.handlers.restore import fill_planned
from services.anomaly.handlers.said import said_of, window_of
from services.common.clock import DAY, Micros
from services.common.errors import UnavailableError
from services.common.log import get_logger

log = get_logger(__name__)

Heard = Labelled | Announced


class Hearing:
    """Labels and planned windows of all tenants."""

    def __init__(
        self, labels: Labels, windows: Windows, history: History, reader: Reader, grace: Micros, history_days: int
    ) -> None:
        """
        Args:
            labels: the table of what was said.
            windows: the table of what was announced.
            history: the ledger.
            reader: names the dimensions.
            grace: an hour is closed so long after its end.
            history_days: as far back as history is read.
        """
        self._labels = labels
        self._windows = windows
        self._history = history
        self._reader = reader
        self._grace = grace
        self._history_days = history_days
        self._unheard: list[Heard] = []

    async def said_since(self, moment: Micros) -> Sequence[Heard]:
        """What stands in the tables; nothing has come since then.

        Raises:
            UnavailableError: ClickHouse is away.
        """
        self._unheard.clear()
        return [*await self._labels.since(moment), *await self._windows.since(moment)]

    def later(self, heard: Heard) -> None:
        """Keeps what was said while history is being read."""
        self._unheard.append(heard)

    def meanwhile(self) -> Sequence[Heard]:
        """What was said since the tables were read; it is kept no longer."""
        said, self._unheard = self._unheard, []
        return said

    def take_in(self, desk: Desk, watch: TenantWatch, heard: Heard) -> None:
        """Lets the watch over its tenant hear it."""
        if isinstance(heard, Announced):
            watch.plan.put(window_of(heard, self._grace))
            desk.replanned.add(heard.tenant)
            return
        key, label = (heard.tenant, heard.name), heard.label
        before = desk.heard.get(key)
        if before is None and label.verdict:
            desk.heard[key] = label
            watch.hear(said_of(heard, self._grace))
        elif before is not None and before.verdict != label.verdict:
            desk.misled = True

    async def plan_again(self, desk: Desk) -> None:
        """Notes anew what of the hours that are open, and that the ledger told in part, lies in windows."""
        for tenant in sorted(desk.replanned):
            watch, oldest = desk.watches[tenant], hour_of(desk.since - self._history_days * DAY)
            closed = watch.hours.closed_through
            first, end = oldest if closed is None else max(oldest, closed + 1), hour_of(desk.since) + 1
            watch.hours.forget_planned(first)
            try:
                await fill_planned(self._history, desk.told_by_ledger(), self._reader, watch, first, end)
            except UnavailableError as error:
                log.warning("what lies in planned windows is asked again", tenant=tenant, error=error.message)
                return
            desk.replanned.discard(tenant)
