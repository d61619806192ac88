"""What replaying a dead letter means, topic by topic, so that no total can become wrong.

A usage record is written again: the rater takes it as one more arrival of its key, so that it is counted once however
often it is replayed. A cost record is never written again: what counts money drops a record whose usage offset does not
rise. What the other topics carry is told people once for each event id, however often it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.kafka.dead_letter_messages import decoded, type_name
from services.common.kafka.dead_letter_record import REPLAY_OF, DeadLetter, State
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import COSTS, TOPICS, USAGE

_HASH_BYTES = 16
_TOLD = frozenset(topic.name for topic in TOPICS if topic.value.endswith(("Alert", "Event"))) - {USAGE}
_NOT_DELIVERED = "not delivered"

_COSTS = (
    "a cost record is not replayed: it counts once because usage offsets rise along finops.costs.v1, so that whatever "
    "counts money would drop a second copy. Where ledger, budget and anomaly all set it aside, nobody has counted it: "
    "send its usage through ingest under a new id. Otherwise mend the consumer or the writer, and `drop` it"
)
_SPENT = (
    "the notifier gave this event up and does not send the same event twice; with another event_id it goes out to "
    "every destination again: `aifinops dlq edit ID --set event_id=...`"
)


@dataclass(frozen=True)
class Refusal:
    """Why a letter is not replayed, and what to do instead."""

    reason: str


def usage_key(letter: DeadLetter, topic: str) -> bytes | None:
    """Event key of a letter that holds a usage event; None for any other."""
    event = decoded(USAGE, letter.value) if topic == USAGE else None
    return event.event_key if isinstance(event, UsageEvent) else None


def never_replayed(topic: str) -> str:
    """Why nothing from this topic is replayed; empty where it can be."""
    if topic == COSTS:
        return _COSTS
    if topic != USAGE and topic not in _TOLD:
        return f"it came from {topic or 'nowhere'}, and what a copy would do there is not known"
    return ""


def replay(letter: DeadLetter, topic: str, last_offsets: Mapping[bytes, int]) -> Outgoing | Refusal:
    """The record to write for a letter.

    Args:
        letter: to be replayed.
        topic: it came from, without the cluster's prefix.
        last_offsets: where each event key was last written, for usage.
    """
    if letter.state is not State.OPEN:
        return Refusal(f"it was {letter.state} already{f' ({letter.note})' if letter.note else ''}")
    if never := never_replayed(topic):
        return Refusal(never)
    message = decoded(topic, letter.value)
    if message is None:
        return Refusal(f"its bytes are no {type_name(topic)}: mend them with `aifinops dlq edit`")
    headers = [*letter.headers, (REPLAY_OF, str(letter.id).encode())]
    if isinstance(message, UsageEvent):
        fault = _fault(message) or _overtaken(message, letter, last_offsets)
        # The key decides the partition, as it did at first: all of an event's records must meet in one.
        return Refusal(fault) if fault else Outgoing(USAGE, message.event_key, letter.value, headers)
    if letter.reason == _NOT_DELIVERED and not letter.edited_from:
        return Refusal(_SPENT)
    return Outgoing(topic, letter.key, letter.value, headers, letter.origin.at.partition)


def _fault(event: UsageEvent) -> str:
    if len(event.event_key) != _HASH_BYTES or len(event.content_hash) != _HASH_BYTES or not event.tenant_id:
        return "it lacks its tenant, event_key or content_hash: `aifinops dlq edit` makes the latter two anew"
    return ""


def _overtaken(event: UsageEvent, letter: DeadLetter, last_offsets: Mapping[bytes, int]) -> str:
    later = last_offsets.get(event.event_key, -1)
    if later <= letter.origin.offset:
        return ""
    return (
        f"a later record of the same event lies at offset {later}, which this one would undo: `drop` it, or replay it "
        "with --force"
    )
