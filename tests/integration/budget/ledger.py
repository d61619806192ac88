"""A ledger that adds up one by one the records a test produced."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1 import ledger_pb2
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer

from services.common import dimensions, money
from services.common.auth import TENANT_METADATA
from services.common.filters import parse, predicate


class RecordedLedger(LedgerServiceServicer):
    """A ledger of the records this test produced: adds them up one by one."""

    def __init__(self) -> None:
        self.written: dict[str, dict[int, list[tuple[int, CostRecord]]]] = defaultdict(lambda: defaultdict(list))

    async def GetPositions(self, request: Any, context: Any) -> ledger_pb2.GetPositionsResponse:
        answer = ledger_pb2.GetPositionsResponse()
        for partition, records in self.written[request.incarnation].items():
            offset, record = records[-1]
            answer.costs_offsets[partition] = offset
            answer.usage_offsets[partition] = record.usage_position.offset
        return answer

    async def QueryCosts(self, request: Any, context: Any) -> ledger_pb2.QueryCostsResponse:
        tenant = dict(context.invocation_metadata())[TENANT_METADATA]
        passes = predicate(parse(request.filter), dimensions.reader)
        if "log_partition" not in request.group_by:
            return ledger_pb2.QueryCostsResponse()  # Neither a past nor seats.
        members = [dimensions.reader(per) for per in request.group_by[1:]]
        sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
        for life, partitions in self.written.items():
            for partition, records in partitions.items():
                mine = life == request.log_scope.incarnation
                if not mine and not request.log_scope.include_other_incarnations:
                    continue
                through = request.log_scope.through_offsets.get(partition, -1) if mine else 2**62
                for offset, record in records:
                    usage = record.usage
                    in_range = request.start_unix_micros <= usage.time_unix_micros < request.end_unix_micros
                    if offset <= through and in_range and usage.tenant_id == tenant and passes(usage):
                        row = sums[str(partition if mine else -1), *(read(usage) for read in members)]
                        row[0] += record.cost_delta_picos
                        row[1] += record.shadow_cost_delta_picos
        return ledger_pb2.QueryCostsResponse(
            rows=[
                ledger_pb2.CostRow(group=group, cost=money.to_proto(cost), shadow_cost=money.to_proto(shadow))
                for group, (cost, shadow) in sums.items()
            ]
        )
