"""Asks the ledger which events it holds, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka.errors import KafkaError
from finops.ledger.v1.ledger_pb2 import GetPositionsRequest, HasEventsRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.common.errors import UnavailableError
from services.common.grpc.client import Channel, call
from services.common.kafka.client import incarnation
from services.common.settings import KafkaSettings


class LedgerKeys:
    """LedgerService.HasEvents and GetPositions, across tenants."""

    def __init__(self, channel: Channel, service_key: str, kafka: KafkaSettings) -> None:
        self._channel = channel
        self._key = service_key
        self._kafka = kafka
        self._incarnation = ""

    async def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Content hash by event key, of the events the ledger holds.

        Raises:
            ApiError: it is away or refuses.
        """
        stub = LedgerServiceStub(self._channel.channel())
        response = await call(stub.HasEvents, HasEventsRequest(event_keys=keys), key=self._key)
        return {known.event_key: known.content_hash for known in response.known}

    async def rated(self) -> Mapping[int, int]:
        """Highest offset of the usage log, by partition, that what it has written came from.

        Raises:
            ApiError: it is away or refuses; or Kafka is, which names this life of the log.
        """
        if not self._incarnation:
            try:
                self._incarnation = await incarnation(self._kafka)
            except (KafkaError, OSError) as error:
                raise UnavailableError(f"Kafka: {error}") from error
        stub = LedgerServiceStub(self._channel.channel())
        response = await call(stub.GetPositions, GetPositionsRequest(incarnation=self._incarnation), key=self._key)
        return dict(response.usage_offsets)
