"""A dead letter as it lies in finops.dead-letter.v1, and the markers that say what became of it.

A letter is the original record with headers that say why and where. The topic is only ever appended to: a marker is a
record without a value whose headers name the letter it settles.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from services.common.clock import Micros
from services.common.kafka.record import Outgoing, Partition, Record, Rejection
from services.common.kafka.topics import DEAD_LETTER

PREFIX = "dlq_"
REASON, DETAIL, GROUP = "dlq_reason", "dlq_detail", "dlq_group"
TOPIC, PARTITION, OFFSET = "dlq_topic", "dlq_partition", "dlq_offset"
EDITED_FROM = "dlq_edited_from"
SETTLES, OUTCOME, NOTE = "dlq_settles", "dlq_outcome", "dlq_note"
REPLAY_OF = "dlq_replay_of"

_DETAIL_LENGTH = 1_000
_MILLISECOND: Micros = 1_000

_Case = tuple[str, Partition, bytes, bytes | None, str, str, str]


class State(StrEnum):
    """What became of a letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    EDITED = "edited"
    """Another letter took its place."""
    DROPPED = "dropped"


class LetterId(NamedTuple):
    """Where a letter lies in the dead-letter topic; written `17`, or `2:17` in a partition other than the first."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}" if self.partition else str(self.offset)

    @classmethod
    def parse(cls, text: str) -> LetterId:
        """Reads what `str` writes.

        Raises:
            ValueError: it is no id.
        """
        partition, colon, offset = text.rpartition(":")
        if not offset.isdecimal() or (colon and not partition.isdecimal()):
            raise ValueError(f"{text!r} is no dead letter's id: it reads 17, or 2:17")
        return cls(int(partition or 0), int(offset))


class Origin(NamedTuple):
    """The record that could not be processed, and the consumer that could not."""

    group: str
    at: Partition
    """Topic with the cluster's prefix."""
    offset: int


@dataclass(frozen=True)
class DeadLetter:
    """One record that a consumer set aside."""

    id: LetterId
    origin: Origin
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    """The original record's."""
    reason: str
    detail: str
    since: Micros
    """When it was set aside."""
    edited_from: str = ""
    """Id of the letter that this one is a mended copy of."""
    times: int = 1
    """So often the same bytes were set aside."""
    state: State = State.OPEN
    note: str = ""
    """What the marker says: where it was replayed to, why it was dropped."""


def letter_of(rejection: Rejection, group: str) -> Outgoing:
    """The record that sets a rejected one aside."""
    record = rejection.record
    origin = Origin(group, Partition(record.topic, record.partition), record.offset)
    headers = _headers(record.headers, origin, rejection.reason, rejection.detail)
    return Outgoing(DEAD_LETTER, record.key or b"", record.value, headers)


def mended(letter: DeadLetter, key: bytes, value: bytes | None) -> Outgoing:
    """A letter's copy with another key and value; it keeps why and where."""
    headers = _headers(letter.headers, letter.origin, letter.reason, letter.detail)
    return Outgoing(DEAD_LETTER, key, value, [*headers, (EDITED_FROM, str(letter.id).encode())])


def marker(letter: DeadLetter, outcome: State, note: str) -> Outgoing:
    """The record that settles a letter."""
    said = {SETTLES: str(letter.id), OUTCOME: outcome.value, NOTE: note[:_DETAIL_LENGTH]}
    headers = [(name, text.encode()) for name, text in said.items()]
    return Outgoing(DEAD_LETTER, letter.key, None, headers, letter.id.partition)


def fold(records: Iterable[Record]) -> list[DeadLetter]:
    """The letters among the topic's records, each in its state, in the order they were set aside.

    The same bytes set aside again for the same reason are the same letter, which then lies where they were read last:
    a consumer that crashed reads a record again, and a journal that is sent again writes one. Only what was replayed in
    between is a letter anew.
    """
    letters: dict[LetterId, DeadLetter] = {}
    latest: dict[_Case, LetterId] = {}
    alias: dict[LetterId, LetterId] = {}
    for record in records:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if name.startswith(PREFIX)}
        if SETTLES in headers:
            with contextlib.suppress(ValueError):  # Only we write markers; one that cannot be read settles nothing.
                outcome, settled = State(headers.get(OUTCOME, "")), alias.get(LetterId.parse(headers[SETTLES]))
                if settled is not None:
                    letters[settled] = replace(letters[settled], state=outcome, note=headers.get(NOTE, ""))
            continue
        letter = _letter(record, headers)
        before = letters.get(latest.get(_case(letter), letter.id))
        if before is None or before.state is State.REPLAYED:
            letters[letter.id] = letter
            latest[_case(letter)] = alias[letter.id] = letter.id
        else:
            alias[letter.id] = before.id
            letters[before.id] = replace(before, origin=letter.origin, times=before.times + 1)
    return list(letters.values())


def _case(letter: DeadLetter) -> _Case:
    return (
        letter.origin.group, letter.origin.at, letter.key, letter.value, letter.reason, letter.detail,
        letter.edited_from,
    )  # fmt: skip


def _letter(record: Record, said: dict[str, str]) -> DeadLetter:
    return DeadLetter(
        id=LetterId(record.partition, record.offset),
        origin=Origin(
            said.get(GROUP, ""), Partition(said.get(TOPIC, ""), _number(said, PARTITION)), _number(said, OFFSET)
        ),
        key=record.key or b"",
        value=record.value,
        headers=[(name, value) for name, value in record.headers if not name.startswith(PREFIX)],
        reason=said.get(REASON, "unknown"),
        detail=said.get(DETAIL, "a record that no consumer of ours set aside"),
        since=record.timestamp * _MILLISECOND,
        edited_from=said.get(EDITED_FROM, ""),
    )


def _number(said: dict[str, str], name: str) -> int:
    text = said.get(name, "")
    return int(text) if text.isdecimal() else -1


def _headers(
    original: Sequence[tuple[str, bytes]], origin: Origin, reason: str, detail: str
) -> list[tuple[str, bytes]]:
    why = {
        REASON: reason,
        DETAIL: detail[:_DETAIL_LENGTH],
        GROUP: origin.group,
        TOPIC: origin.at.topic,
        PARTITION: str(origin.at.partition),
        OFFSET: str(origin.offset),
    }
    # A record that was replayed and set aside again carries what we said of it before.
    kept = [(name, value) for name, value in original if not name.startswith(PREFIX)]
    return [*kept, *((name, text.encode()) for name, text in why.items())]
