"""Asks the ledger which events it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.ledger.v1.ledger_pb2 import HasEventsRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.common.grpc.client import Channel, call


class LedgerKeys:
    """LedgerService.HasEvents, across tenants."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Content hash by event key, of the events the ledger holds.

        Raises:
            ApiError: it is away or refuses.
        """
        stub = LedgerServiceStub(self._channel.channel())
        response = await call(stub.HasEvents, HasEventsRequest(event_keys=keys), key=self._key)
        return {known.event_key: known.content_hash for known in response.known}
