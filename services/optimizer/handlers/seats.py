"""Notes seats as usage reports them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED, CostRecord

from services.optimizer.domain.rules.idle_seats import Seat
from services.optimizer.handlers.ports import Seats


class SeatNotes:
    """Keeps the newest report of each seat. Noting a record twice changes nothing."""

    def __init__(self, store: Seats, on_fresh: Callable[[], None]) -> None:
        """`on_fresh` is called after seats were noted."""
        self._store = store
        self._on_fresh = on_fresh

    async def note(self, records: Iterable[CostRecord]) -> None:
        """Returns once they are stored.

        Raises:
            UnavailableError: the store is away.
        """
        newest: dict[tuple[str, ...], tuple[Seat, int]] = {}
        for record in records:
            usage = record.usage
            if not usage.HasField("seat") or usage.quantities.seats <= 0 or not usage.user:
                continue
            seat = _seat(record)
            key = (seat.tenant_id, seat.tool, seat.provider, seat.plan, seat.user)
            known = newest.get(key)
            if known is None or (seat.seen, record.revision) >= (known[0].seen, known[1]):
                newest[key] = (seat, record.revision)
        if newest:
            await self._store.put(list(newest.values()))
            self._on_fresh()


def _seat(record: CostRecord) -> Seat:
    usage = record.usage
    return Seat(
        tenant_id=usage.tenant_id,
        tool=usage.tool,
        provider=usage.provider,
        plan=usage.model,
        user=usage.user,
        assigned=max(0, usage.seat.assigned_unix_micros),
        last_active=max(0, usage.seat.last_active_unix_micros),
        pending=usage.seat.pending_cancellation,
        seen=usage.time_unix_micros,
        daily_cost=record.rating.cost_picos // usage.quantities.seats,
        priced=record.rating.status == RATING_STATUS_PRICED,
    )
