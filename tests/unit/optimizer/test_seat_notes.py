"""Seats noted from usage."""

from __future__ import annotations

from collections.abc import Sequence

from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED, CostRecord, Rating
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from finops.usage.v1.usage_pb2 import Seat as SeatReport

from services.common.clock import DAY
from services.optimizer.domain.rules.idle_seats import Seat
from services.optimizer.handlers.seats import SeatNotes


class MemorySeats:
    def __init__(self) -> None:
        self.puts: list[Sequence[tuple[Seat, int]]] = []

    async def put(self, seats: Sequence[tuple[Seat, int]]) -> None:
        self.puts.append(seats)

    async def of_tenant(self, tenant_id: str) -> Sequence[Seat]:
        return []


def _record(user: str, day: int, revision: int = 1, last_active: int = 5, seats: int = 1) -> CostRecord:
    usage = UsageEvent(
        tenant_id="acme", tool="copilot", provider="github", model="copilot-business", user=user,
        time_unix_micros=day * DAY, quantities=Quantities(seats=seats),
        seat=SeatReport(assigned_unix_micros=1, last_active_unix_micros=last_active),
    )  # fmt: skip
    return CostRecord(
        usage=usage, revision=revision, rating=Rating(status=RATING_STATUS_PRICED, cost_picos=600 * seats)
    )


async def test_the_newest_report_of_each_seat_is_kept_and_told() -> None:
    store, told = MemorySeats(), []
    notes = SeatNotes(store, lambda: told.append(1))
    await notes.note([
        _record("ann", 2, last_active=7), _record("ann", 1, last_active=3),
        _record("ann", 2, revision=2, last_active=8), _record("bob", 1, seats=2),
    ])  # fmt: skip
    [put] = store.puts
    assert [(s.user, s.seen // DAY, s.last_active, r, s.daily_cost) for s, r in put] == [
        ("ann", 2, 8, 2, 600), ("bob", 1, 5, 1, 600),
    ]  # fmt: skip
    assert told == [1]


async def test_what_is_no_seat_of_somebody_is_passed_over() -> None:
    store, told = MemorySeats(), []
    notes = SeatNotes(store, lambda: told.append(1))
    request = CostRecord(usage=UsageEvent(tenant_id="acme", user="ann", quantities=Quantities(requests=1)))
    await notes.note([request, _record("", 1), _record("ann", 1, seats=0)])
    assert store.puts == told == []
