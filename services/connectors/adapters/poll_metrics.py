"""Prometheus metrics of polling, and the log of what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from prometheus_client import Counter, Gauge

from services.common.clock import SECOND, Clock, to_micros
from services.common.log import get_logger
from services.connectors.domain.poller import Checkpoint, Poller
from services.connectors.handlers.poll_ports import Refused

log = get_logger(__name__)

WINDOWS = Counter("aifinops_connector_windows_total", "Windows read and sent whole", ["poller", "connector"])
ROWS = Counter("aifinops_connector_rows_total", "Rows read", ["poller", "connector", "outcome"])
REQUESTS = Counter("aifinops_connector_requests_total", "Requests to sources", ["poller", "status"])
FAILURES = Counter("aifinops_connector_failures_total", "Polls that failed", ["poller", "connector", "reason"])
LAST_SUCCESS = Gauge(
    "aifinops_connector_last_success_timestamp_seconds", "When a window was last read whole", ["poller", "connector"]
)
LAG = Gauge("aifinops_connector_lag_seconds", "Age of the checkpoint", ["poller", "connector"])

_LOGGED = 20
"""Rejected rows of a batch that are logged one by one."""


class PollMetrics:
    """Counts and logs by the poller's name; no secret comes near."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def sent(self, poller: Poller, accepted: int, refused: Sequence[Refused]) -> None:
        ROWS.labels(*_labels(poller), "accepted").inc(accepted)
        ROWS.labels(*_labels(poller), "rejected").inc(len(refused))
        for row in refused[:_LOGGED]:
            log.warning("row rejected", poller=poller.name, id=row.event_id, code=row.code, reason=row.message)
        if len(refused) > _LOGGED:
            log.warning("further rows rejected", poller=poller.name, rows=len(refused) - _LOGGED)

    def polled(self, poller: Poller, checkpoint: Checkpoint) -> None:
        WINDOWS.labels(*_labels(poller)).inc()
        LAST_SUCCESS.labels(*_labels(poller)).set(self._clock.now() / SECOND)
        through = to_micros(checkpoint.through)
        LAG.labels(*_labels(poller)).set_function(lambda: (self._clock.now() - through) / SECOND)

    def failed(self, poller: Poller, reason: str, detail: str) -> None:
        FAILURES.labels(*_labels(poller), reason).inc()
        log.warning("poll failed", poller=poller.name, connector=poller.connector.name, reason=reason, error=detail)

    def released(self, poller: Poller) -> None:
        for gauge in (LAG, LAST_SUCCESS):
            with contextlib.suppress(KeyError):
                gauge.remove(*_labels(poller))


def _labels(poller: Poller) -> tuple[str, str]:
    return poller.name, poller.connector.name
