"""The pricing service and the ledger over gRPC, as the rater sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from finops.cost.v1.cost_pb2 import Rating
from finops.ledger.v1.ledger_pb2 import GetPositionsRequest, HasEventsRequest, KnownEvent
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.pricing.v1.pricing_pb2 import PriceBatchRequest, PriceBatchResponse
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.dimensions import attribution_of
from services.common.errors import InvalidArgumentError
from services.common.grpc.client import Channel, call
from services.common.wire import encode_varint, tag_of
from services.pricing.domain.revisions import Costs, Known
from services.pricing.handlers.ports import Refused, Written

_MAX_KEYS = 5_000
_MAX_EVENTS = 5_000
_MAX_BYTES = 8 * 1024 * 1024
"""Of one request: well below the server's limit on messages."""
_PRICE_BATCH = "/finops.pricing.v1.PricingService/PriceBatch"
_EVENTS = tag_of(PriceBatchRequest, "events")
_VIOLATED = re.compile(r"events\[(\d+)\]")


class GrpcPricing:
    """Rates over PriceBatch: one call a batch, more only where the batch is too large for one."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def rate(self, events: Sequence[UsageEvent]) -> Sequence[Rating | Refused]:
        found: list[Rating | Refused] = []
        for part in _parts([_field_of(event) for event in events]):
            found += await self._rate(part)
        return found

    async def _rate(self, events: Sequence[bytes]) -> list[Rating | Refused]:
        try:
            return list(await self._price_batch(events))
        except InvalidArgumentError as error:
            refused = {
                int(match[1]): Refused(violation.description)
                for violation in error.violations
                if (match := _VIOLATED.fullmatch(violation.field))
            }
            if not refused:
                raise
        accepted = [event for position, event in enumerate(events) if position not in refused]
        ratings = iter(await self._price_batch(accepted) if accepted else ())
        return [refused[position] if position in refused else next(ratings) for position in range(len(events))]

    async def _price_batch(self, events: Sequence[bytes]) -> Sequence[Rating]:
        # The stub would have the events copied into a request, to serialize them there: most of the caller's time.
        method = self._channel.channel().unary_unary(
            _PRICE_BATCH, request_serializer=b"".join, response_deserializer=PriceBatchResponse.FromString
        )
        answer = await call(method, events, key=self._key)
        return answer.ratings


class GrpcLedger:
    """What the ledger holds."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def known(self, keys: Sequence[bytes], *, attributed: bool) -> Mapping[bytes, Known]:
        stub = LedgerServiceStub(self._channel.channel())
        found: dict[bytes, Known] = {}
        for start in range(0, len(keys), _MAX_KEYS):
            request = HasEventsRequest(event_keys=keys[start : start + _MAX_KEYS], include_booked=attributed)
            answer = await call(stub.HasEvents, request, key=self._key)
            found.update((event.event_key, _known(event)) for event in answer.known)
        return found

    async def written(self, incarnation: str) -> Written:
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.GetPositions, GetPositionsRequest(incarnation=incarnation), key=self._key)
        return Written(dict(answer.costs_offsets), answer.sole_incarnation)


def _field_of(event: UsageEvent) -> bytes:
    """The event as it stands in a serialized PriceBatchRequest, which is nothing but such fields one after another."""
    value = event.SerializeToString()
    return _EVENTS + encode_varint(len(value)) + value


def _parts(events: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    part: list[bytes] = []
    size = 0
    for event in events:
        if part and (len(part) >= _MAX_EVENTS or size + len(event) > _MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(event)
        size += len(event)
    if part:
        yield part


def _known(event: KnownEvent) -> Known:
    # The ledger does not tell estimates from final records; taken as final, no late estimate can undo a final one.
    return Known(
        content_hash=event.content_hash,
        revision=event.revision,
        time=event.time_unix_micros,
        costs=Costs(
            event.cost_picos,
            event.shadow_cost_picos,
            event.list_cost_picos,
            event.contracted_cost_picos,
            event.billed_cost_picos,
        ),
        unpriced=event.unpriced,
        estimated=False,
        quantities=event.quantities,
        attribution=attribution_of(event.booked) if event.HasField("booked") else None,
    )
