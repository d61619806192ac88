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
from services.common.settings import KafkaSettings

log = get_logger(__name__)

_REMEMBERED = 100_000
"""Letters sent by this process: a batch that is read again after a fault does not send its own again."""

_Case = tuple[str, int, int, str, str]
"""Where a record lies and why it was rejected: one that could not be told to two people has two letters."""


class TooManyDeadLettersError(Exception):
    """So many records are poison that the fault is likely ours, or a producer's: stop instead of draining the topic."""


@dataclass
class DeadLetterLimit:
    """At most `records` in `window_seconds`."""

    records: int = 1_000
    window_seconds: int = 60
    clock: Clock = field(default_factory=SystemClock)
    _seen: deque[tuple[int, int]] = field(default_factory=deque)

    @classmethod
    def of(cls, settings: KafkaSettings) -> DeadLetterLimit:
        """The cluster's limit."""
        return cls(settings.dead_letter_limit, settings.dead_letter_window_seconds)

    def check(self, rejections: Sequence[Rejection]) -> None:
        """Raises:
        TooManyDeadLettersError: with these there would be too many.
        """
        now = self.clock.now()
        while self._seen and self._seen[0][0] < now - self.window_seconds * SECOND:
            self._seen.popleft()
        total = len(rejections) + sum(count for _, count in self._seen)
        if rejections and total > self.records:
            last = rejections[-1]
            at = last.record
            raise TooManyDeadLettersError(
                f"{total} poison records in {self.window_seconds} s, more than {self.records}: the consumer stops. "
                f"The last is {at.topic}/{at.partition} at offset {at.offset}: {last.reason}, {last.detail[:200]}. "
                f"Mend whatever writes these; to let those there are go to {DEAD_LETTER}, start again with a higher "
                "AIFINOPS_KAFKA__DEAD_LETTER_LIMIT"
            )

    def count(self, rejections: int) -> None:
        """Counts in what was sent."""
        self._seen.append((self.clock.now(), rejections))


class DeadLetters:
    """Writes rejected records to finops.dead-letter.v1: their bytes and headers, and headers that say why."""

    def __init__(self, producer: Producer, group: str, limit: DeadLetterLimit | None = None) -> None:
        self._producer = producer
        self._group = group
        self._limit = limit or DeadLetterLimit.of(producer.settings)
        self._sent: dict[_Case, None] = {}

    async def send(self, rejections: Sequence[Rejection]) -> None:
        """Returns once all are durable. Those this process has sent before are not sent again.

        Raises:
            TooManyDeadLettersError: nothing is written then.
            UnavailableError: Kafka is away; some may have been written.
        """
        fresh = [rejection for rejection in rejections if _case(rejection) not in self._sent]
        self._limit.check(fresh)
        if not fresh:
            return
        await self._producer.produce([letter_of(rejection, self._group) for rejection in fresh])
        self._limit.count(len(fresh))
        self._remember(fresh)
        for rejection in fresh:
            DEAD_LETTERS.labels(self._group, rejection.record.topic, rejection.reason).inc()
            log.warning(
                "record sent to the dead-letter topic",
                topic=rejection.record.topic,
                partition=rejection.record.partition,
                offset=rejection.record.offset,
                reason=rejection.reason,
                detail=rejection.detail,
            )

    def _remember(self, rejections: Sequence[Rejection]) -> None:
        self._sent.update((_case(rejection), None) for rejection in rejections)
        for _ in range(len(self._sent) - _REMEMBERED):
            del self._sent[next(iter(self._sent))]


def _case(rejection: Rejection) -> _Case:
    record = rejection.record
    return record.topic, record.partition, record.offset, rejection.reason, rejection.detail
