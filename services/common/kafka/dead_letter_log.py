"""finops.dead-letter.v1, read whole and appended to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from services.common.kafka import tail
from services.common.kafka.client import partitions
from services.common.kafka.dead_letter_record import DeadLetter, State, fold, marker, mended
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition, Record
from services.common.kafka.topics import DEAD_LETTER
from services.common.settings import KafkaSettings


class DeadLetterLog:
    """The letters of one cluster. Connects to write when there is something to write."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Producer | None = None

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    def bare(self, topic: str) -> str:
        """A topic's name without the cluster's prefix."""
        return topic.removeprefix(self._settings.topic_prefix)

    async def letters(self) -> list[DeadLetter]:
        """All of them that retention has left, settled ones included, the oldest first.

        Raises:
            UnavailableError: Kafka is away.
        """
        records: list[Record] = []
        async for batch in tail.read(self._settings, await partitions(self._settings, DEAD_LETTER)):
            records += batch
        records.sort(key=lambda record: (record.timestamp, record.partition, record.offset))
        return fold(records)

    async def settle(self, letters: Sequence[DeadLetter], outcome: State, notes: Sequence[str]) -> None:
        """Marks letters as done with, durably.

        Raises:
            UnavailableError: Kafka is away.
        """
        await self.append([marker(letter, outcome, note) for letter, note in zip(letters, notes, strict=True)])

    async def put(self, letter: DeadLetter, key: bytes, value: bytes) -> str:
        """Sets a mended copy in a letter's place; returns the copy's id.

        Raises:
            UnavailableError: Kafka is away; both may be open then.
        """
        ((partition, offset),) = await self.append([mended(letter, key, value)])
        identity = f"{partition}:{offset}" if partition else str(offset)
        await self.settle([letter], State.EDITED, [identity])
        return identity

    async def append(self, records: Sequence[Outgoing]) -> list[tuple[int, int]]:
        """Writes records to the topics they belong to; the (partition, offset) of each.

        Raises:
            UnavailableError: Kafka is away; some may have been written.
        """
        if self._producer is None:
            self._producer = Producer(self._settings, client_id="aifinops-dlq")
            await self._producer.start()
        return await self._producer.produce(records)

    async def last_offsets(self, letters: Sequence[DeadLetter], keys: Collection[bytes]) -> Mapping[bytes, int]:
        """Where each key was last written in the partitions these letters came from, from the oldest letter on.

        Raises:
            UnavailableError: Kafka is away.
        """
        starts: dict[Partition, int] = {}
        for letter in letters:
            at = letter.origin.at
            starts[at] = min(letter.origin.offset, starts.get(at, letter.origin.offset))
        found: dict[bytes, int] = {}
        if not starts:
            return found
        async for batch in tail.read(self._settings, list(starts), starts=starts):
            found.update((record.key, record.offset) for record in batch if record.key in keys and record.key)
        return found
