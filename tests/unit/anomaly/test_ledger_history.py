"""History over gRPC, from a ledger whose answers are limited in size."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from finops.ledger.v1.ledger_pb2 import (
    GRANULARITY_DAY,
    CostRow,
    GetPositionsRequest,
    GetPositionsResponse,
    QueryCostsRequest,
    QueryCostsResponse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer, add_LedgerServiceServicer_to_server
from finops.usage.v1.usage_pb2 import Quantities

from services.anomaly.adapters.ledger import LedgerHistory
from services.anomaly.domain.series import Totals
from services.anomaly.handlers.ports import HourlySum, Scope
from services.common.clock import DAY, HOUR
from services.common.errors import ResourceExhaustedError, UnavailableError
from services.common.grpc.client import Channel
from services.common.money import to_proto

SCOPE = Scope("life-1", {0: 5, 2: 7})


class SmallLedger(LedgerServiceServicer):
    """A row an hour, and a plan's seat fees at midnight."""

    def __init__(self, most_hours: int) -> None:
        self.most_hours = most_hours
        self.asked: list[QueryCostsRequest] = []

    async def GetPositions(self, request: GetPositionsRequest, context: Any) -> GetPositionsResponse:
        assert request.incarnation == "life-1"
        return GetPositionsResponse(costs_offsets={0: 5}, usage_offsets={0: 9})

    async def QueryCosts(self, request: QueryCostsRequest, context: Any) -> QueryCostsResponse:
        self.asked.append(request)
        if request.granularity == GRANULARITY_DAY:
            days = (2 * DAY, 0)
            return QueryCostsResponse(rows=[CostRow(group=["acme"], time_unix_micros=day) for day in days])
        hours = range(request.start_unix_micros, request.end_unix_micros, HOUR)
        if len(hours) > self.most_hours:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Sent message larger than max")
        group = ["acme", *("search" for _ in request.group_by[1:2]), *("gpt-4o" for _ in request.group_by[2:])]
        rows = [
            CostRow(
                group=group, time_unix_micros=at, cost=to_proto(3), shadow_cost=to_proto(4), events=2,
                quantities=Quantities(
                    requests=5, input_tokens=8, cache_read_tokens=3, cache_write_tokens=2, output_tokens=7,
                    reasoning_tokens=2,
                ),
            )
            for at in hours
        ]  # fmt: skip
        seats = CostRow(group=group, time_unix_micros=hours[0], cost=to_proto(10**12), quantities=Quantities(seats=1))
        return QueryCostsResponse(rows=[*rows, seats])


async def _ask(ledger: SmallLedger, dimension: str, hours: int) -> list[HourlySum]:
    server = grpc.aio.server()
    add_LedgerServiceServicer_to_server(ledger, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = Channel(f"127.0.0.1:{port}")
    try:
        history = LedgerHistory(channel, "key")
        assert (await history.positions("life-1")).usage == {0: 9}
        assert await history.busy_days(SCOPE, 0, 3 * DAY) == {"acme": [0, 2 * DAY]}
        return list(await history.hourly(SCOPE, dimension, 0, hours * HOUR))
    finally:
        await channel.stop()
        await server.stop(0)


@pytest.mark.parametrize(
    ("dimension", "labels", "group_by"),
    [
        ("team", {"team": "search"}, ["tenant", "team", "model"]),
        ("model", {"model": "search"}, ["tenant", "model"]),
        ("team+model", {"team": "search", "model": "gpt-4o"}, ["tenant", "team", "model"]),
        ("tenant", {}, ["tenant", "model"]),
    ],
)
async def test_hours_in_as_many_answers_as_it_takes_without_seat_fees(
    dimension: str, labels: dict[str, str], group_by: list[str]
) -> None:
    ledger = SmallLedger(most_hours=7)
    rows = await _ask(ledger, dimension, 25)
    assert rows == [HourlySum("acme", labels, hour, Totals(7, 5, 2, 13, 3, 9)) for hour in range(25)]
    last = ledger.asked[-1]
    assert last.log_scope.include_other_incarnations
    assert dict(last.log_scope.through_offsets) == {0: 5, 2: 7}
    assert list(last.group_by) == group_by


async def test_an_hour_that_is_too_large_is_an_error() -> None:
    with pytest.raises(ResourceExhaustedError):
        await _ask(SmallLedger(most_hours=0), "team", 4)


async def test_without_a_ledger() -> None:
    channel = Channel("127.0.0.1:9")
    with pytest.raises(UnavailableError):
        await LedgerHistory(channel, "key").positions("life-1")
    await channel.stop()
