"""Prometheus metrics of the queue of use without a price."""

from __future__ import annotations

from collections.abc import Sequence

from finops.ledger.v1.ledger_pb2 import UnpricedUse
from prometheus_client import Counter, Gauge

from services.common.clock import SECOND, Micros
from services.common.money import PICOS_PER_DOLLAR, from_proto

EVENTS = Gauge("aifinops_unpriced_events", "Events in the ledger that lack a price; 0 where another replica tells")
GROUPS = Gauge("aifinops_unpriced_groups", "Tenants' models and tiers in the queue of use without a price")
SHADOW = Gauge("aifinops_unpriced_shadow_dollars", "What budgets count the use without a price as")
OLDEST = Gauge("aifinops_unpriced_oldest_age_seconds", "Since the hour of the oldest event that lacks a price; 0: none")
RERATED = Counter("aifinops_late_priced_events_total", "Events re-rated by themselves once their price appeared")


class PrometheusQueueMeter:
    """Implements `handlers.unpriced.QueueMeter`."""

    def queued(self, groups: Sequence[UnpricedUse], now: Micros) -> None:
        EVENTS.set(sum(group.events for group in groups))
        GROUPS.set(len(groups))
        SHADOW.set(sum(from_proto(group.shadow_cost) for group in groups) / PICOS_PER_DOLLAR)
        oldest = min((group.first_hour_unix_micros for group in groups), default=now)
        OLDEST.set(max(0, now - oldest) / SECOND)

    def not_ours(self) -> None:
        for gauge in (EVENTS, GROUPS, SHADOW, OLDEST):
            gauge.set(0)

    def rerated(self, events: int) -> None:
        RERATED.inc(events)
