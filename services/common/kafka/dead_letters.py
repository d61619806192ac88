"""Poison records: sent aside once, with their reason, within limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.common.clock import SECOND, Clock, SystemClock
from services.common.kafka.dead_letter_record import letter_of
from services.common.kafka.producer import Producer
from services.common.kafka.record import Rejection
from services.common.kafka.topics import DEAD_LETTER
from services.common.log import get_logger
from services.common.metrics import DEAD_LETTERS

log = get_logger(__name__)


class TooManyDeadLettersError(Exception):
    """So many records are poison that the fault is likely ours, or a producer's: stop instead of draining the topic."""


@dataclass
class DeadLetterLimit:
    """At most `records` in `window_seconds`."""

    records: int = 1_000
    window_seconds: int = 60
    clock: Clock = field(default_factory=SystemClock)
    _seen: deque[tuple[int, int]] = field(default_factory=deque)

    def count(self, rejections: int) -> None:
        """Counts them in.

        Raises:
            TooManyDeadLettersError: they exceed the limit.
        """
        now = self.clock.now()
        while self._seen and self._seen[0][0] < now - self.window_seconds * SECOND:
            self._seen.popleft()
        total = rejections + sum(count for _, count in self._seen)
        if total > self.records:
            raise TooManyDeadLettersError(
                f"{total} poison records in {self.window_seconds} s, more than {self.records}: the consumer stops. "
                f"Look at {DEAD_LETTER} and the producer, then restart."
            )
        self._seen.append((now, rejections))


class DeadLetters:
    """Writes rejected records to finops.dead-letter.v1: their bytes and headers, and headers that say why."""

    def __init__(self, producer: Producer, group: str, limit: DeadLetterLimit | None = None) -> None:
        self._producer = producer
        self._group = group
        self._limit = limit or DeadLetterLimit()

    async def send(self, rejections: Sequence[Rejection]) -> None:
        """Returns once all are durable.

        Raises:
            TooManyDeadLettersError: nothing is written then.
            UnavailableError: Kafka is away.
        """
        self._limit.count(len(rejections))
        await self._producer.produce([letter_of(rejection, self._group) for rejection in rejections])
        for rejection in rejections:
            DEAD_LETTERS.labels(self._group, rejection.record.topic, rejection.reason).inc()
            log.warning(
                "record sent to the dead-letter topic",
                topic=rejection.record.topic,
                partition=rejection.record.partition,
                offset=rejection.record.offset,
                reason=rejection.reason,
                detail=rejection.detail,
            )
