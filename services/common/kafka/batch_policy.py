"""When a consumer's batch is full."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class BatchPolicy:
    """When a batch is full: at `records`, `linger_seconds` after its first record, or once nothing more came for
    `quiet_seconds`."""

    records: int = 2_000
    linger_seconds: float = 0.05
    quiet_seconds: float = math.inf
    """For a batch that is dear however small: `linger_seconds` may then be long, which only a steady stream has to wait
    for. Between two batches lies at least half of `linger_seconds`, so that a trickle does not become batches of one.
    """
    stuck_seconds: float = 120.0
    """Without progress for so long, with records waiting, the consumer reports itself dead."""

    @property
    def gathering_seconds(self) -> float:
        """How long records may gather before they are fetched: a quarter of what they may wait."""
        return min(self.linger_seconds, self.quiet_seconds) / 4

    def due(self, begun: float, grown: float, last: float) -> float:
        """When a batch waits no longer, on the clock of the moments given: of its first record, of its latest one, and
        of the batch before it."""
        return min(
            begun + self.linger_seconds,
            max(grown + self.quiet_seconds, last + self.linger_seconds / 2),
        )


UNHURRIED = BatchPolicy(linger_seconds=1.0)
"""For whoever thinks in minutes or days: fewer, larger batches, which cost a fraction."""
