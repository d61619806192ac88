"""Re-rating, put together."""

from __future__ import annotations

from collections.abc import Sequence

from services.common.clock import SystemClock
from services.common.component import Component
from services.common.grpc.client import Channel
from services.common.kafka.leading import Leadership
from services.common.repeating import Repeating
from services.pricing.adapters.rerate import GrpcBookedEvents, LocalPricing
from services.pricing.adapters.rerate_metrics import PrometheusQueueMeter
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.ports import OverrideStore
from services.pricing.handlers.rerate import RebookingLog, Rerater
from services.pricing.handlers.unpriced import LatePrices
from services.pricing.settings import PricingSettings


class Rerating:
    """The re-rater that Rerate calls, and the worker that looks after the queue of use without a price."""

    def __init__(
        self,
        settings: PricingSettings,
        pricer: Pricer,
        overrides: OverrideStore,
        ledger: Channel,
        log: RebookingLog,
    ) -> None:
        self._options = settings.pricing.rerate
        self._clock = SystemClock()
        self._events = GrpcBookedEvents(ledger, settings.auth.service_key.get_secret_value())
        self._pricing = LocalPricing(pricer, overrides)
        self.rerater = Rerater(self._events, self._pricing, log, self._clock, page_events=self._options.page_events)

    def late_prices(self, leader: Leadership) -> Sequence[Component]:
        """The worker, in processes that rate; the leader of them works."""
        if not self._options.check_seconds:
            return ()
        late = LatePrices(
            queue=self._events,
            events=self._events,
            pricing=self._pricing,
            rerater=self.rerater,
            meter=PrometheusQueueMeter(),
            leader=leader,
            clock=self._clock,
            automatic=self._options.automatic,
        )
        return (Repeating("late prices", late.turn, seconds=self._options.check_seconds, wake=leader.gained),)
