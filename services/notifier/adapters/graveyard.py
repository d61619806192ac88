"""Events whose message was given up, sent to the dead-letter topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.common.clock import SECOND
from services.common.errors import UnavailableError
from services.common.kafka.dead_letters import DeadLetters, TooManyDeadLettersError
from services.common.kafka.record import Rejection
from services.common.log import get_logger
from services.notifier.domain.delivery import Delivery

log = get_logger(__name__)


@dataclass(frozen=True)
class _Buried:
    """The event's record as it was read."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class DeadLetterGraveyard:
    """One dead letter for each delivery that failed."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters

    async def bury(self, delivery: Delivery) -> None:
        origin = delivery.origin
        milliseconds = delivery.message.event_time * 1_000 // SECOND
        record = _Buried(origin.topic, origin.partition, origin.offset, milliseconds, origin.key, origin.value)
        detail = f"{delivery.destination}, {delivery.attempts} attempt(s): {delivery.detail}"
        try:
            await self._dead_letters.send([Rejection(record, "not delivered", detail)])
        except (UnavailableError, TooManyDeadLettersError) as error:
            # The record of messages still says `failed`; only the copy is missing.
            log.error("no dead letter written", destination=delivery.destination, error=str(error))
