"""A ledger with a regular past, in a process of its own, for bench/budget: `python -m bench.budget_ledger PORT`.

It has written whatever is in the cost log, holds no entries of the present periods, and tells the same past of every
budget: more in working hours than at night, so that forecasts cost what they do in earnest. Settings come from the
environment.
"""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from typing import Any

import grpc
from aiokafka import AIOKafkaConsumer, TopicPartition
from finops.ledger.v1 import ledger_pb2
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer, add_LedgerServiceServicer_to_server

from services.common import money
from services.common.clock import HOUR
from services.common.kafka.client import connection
from services.common.kafka.topics import COSTS
from services.common.settings import ServiceSettings, load

NAME = "bench.budget_ledger"


class RegularPast(LedgerServiceServicer):
    """Answers the calls that the budget service makes. Usage offsets are those of the cost log, as the bench feeds
    it."""

    def __init__(self, log: AIOKafkaConsumer, topic: str) -> None:
        self._log = log
        self._topic = topic

    async def GetPositions(self, request: Any, context: Any) -> ledger_pb2.GetPositionsResponse:  # noqa: N802
        partitions = [TopicPartition(self._topic, number) for number in self._log.partitions_for_topic(self._topic)]
        ends = {found.partition: end for found, end in (await self._log.end_offsets(partitions)).items()}
        last = {number: end - 1 for number, end in ends.items() if end}
        return ledger_pb2.GetPositionsResponse(costs_offsets=last, usage_offsets=last)

    async def QueryCosts(self, request: Any, context: Any) -> ledger_pb2.QueryCostsResponse:  # noqa: N802
        if request.granularity != ledger_pb2.GRANULARITY_HOUR:
            return ledger_pb2.QueryCostsResponse()
        return _usual(-(-request.start_unix_micros // HOUR), request.end_unix_micros // HOUR)


@lru_cache(maxsize=16)
def _usual(first: int, end: int) -> ledger_pb2.QueryCostsResponse:
    """Spend of these hours."""
    return ledger_pb2.QueryCostsResponse(
        rows=[
            ledger_pb2.CostRow(
                time_unix_micros=hour * HOUR,
                cost=money.to_proto((30 if 8 <= hour % 24 < 18 else 3) * 10**10 + hour % 7),
                shadow_cost=money.to_proto(0),
            )
            for hour in range(first, end)
        ]
    )


async def main(port: int) -> None:
    """Serves until it is asked to end."""
    settings = load(ServiceSettings).kafka
    topic = settings.topic(COSTS)
    log = AIOKafkaConsumer(topic, **connection(settings))
    await log.start()
    server = grpc.aio.server()
    ledger = RegularPast(log, topic)  # type: ignore[abstract]  # the calls that budget makes
    add_LedgerServiceServicer_to_server(ledger, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
