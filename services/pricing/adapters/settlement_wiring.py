"""Settlement, put together."""

from __future__ import annotations

from collections.abc import Sequence

from services.common.clock import SystemClock
from services.common.component import Component
from services.common.grpc.client import Channel
from services.common.repeating import Repeating
from services.pricing.adapters.settlement import GrpcSums
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.ports import Leader
from services.pricing.handlers.settling import PostingLog, ReadContracts, Settler
from services.pricing.settings import PricingSettings


class Settling:
    """The settler that ListContracts asks for balances, and the worker that posts."""

    def __init__(
        self,
        settings: PricingSettings,
        pricer: Pricer,
        store: ReadContracts,
        ledger: Channel,
        postings: PostingLog,
    ) -> None:
        self._seconds = settings.pricing.settlement_seconds
        sums = GrpcSums(ledger, settings.auth.service_key.get_secret_value())
        self.settler = Settler(pricer, store, sums, postings, SystemClock())

    def worker(self, leader: Leader) -> Sequence[Component]:
        """In processes that rate; the leader of them settles."""
        if not self._seconds:
            return ()

        async def turn() -> None:
            await self.settler.turn(leader)

        return (Repeating("settlement", turn, seconds=self._seconds),)
