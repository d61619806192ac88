"""Prometheus metrics of the notifier, and the log of what was not delivered."""

from __future__ import annotations

from prometheus_client import Counter

from services.common.log import get_logger
from services.notifier.domain.delivery import Delivery, State

log = get_logger(__name__)

NOTIFICATIONS = Counter(
    "aifinops_notifications_total", "Messages that reached an end", ["destination", "kind", "state"]
)


class Counting:
    """Counts each delivery's end, and logs the bad ones; by the destination's name, never its URL."""

    def settled(self, delivery: Delivery) -> None:
        message = delivery.message
        NOTIFICATIONS.labels(delivery.destination, message.kind.value, delivery.state.value).inc()
        if delivery.state in (State.FAILED, State.UNCERTAIN):
            log.error(
                "message not delivered" if delivery.state is State.FAILED else "message may not have arrived",
                destination=delivery.destination,
                tenant=message.tenant_id,
                event_id=message.event_id,
                attempts=delivery.attempts,
                reason=delivery.detail,
            )
