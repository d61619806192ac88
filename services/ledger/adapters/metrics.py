"""What the ledger counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from services.common.clock import SECOND, Clock, Micros, SystemClock
from services.ledger.domain.blocks import Block

ENTRIES = Counter("aifinops_ledger_entries_written_total", "Cost entries written; a block written again counts again")
BLOCKS = Counter("aifinops_ledger_blocks_written_total", "Insert blocks written", ["kind"])
DROPPED = Counter("aifinops_ledger_entries_dropped_total", "Cost records whose usage offset did not rise")
FRESHNESS = Gauge(
    "aifinops_ledger_freshness_seconds",
    "Seconds since ingest received the youngest event written; NaN before the first",
)
QUERY_SECONDS = Histogram("aifinops_ledger_query_seconds", "Time to answer QueryCosts", ["read_from"])


class Measures:
    """Counts what the writer and the queries do."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._latest: Micros | None = None
        FRESHNESS.set_function(self._freshness)

    def wrote(self, block: Block) -> None:
        ENTRIES.inc(len(block.entries))
        BLOCKS.labels("replayed" if block.noted else "new").inc()
        received = max(entry.received for entry in block.entries)
        self._latest = received if self._latest is None else max(self._latest, received)

    def dropped(self, entries: int) -> None:
        DROPPED.inc(entries)

    def answered(self, read_from: str, seconds: float) -> None:
        QUERY_SECONDS.labels(read_from).observe(seconds)

    def _freshness(self) -> float:
        return float("nan") if self._latest is None else (self._clock.now() - self._latest) / SECOND
