"""Dead letters: limits, what is told of them, what became of them, and what replaying one means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common.clock import SECOND, ManualClock
from services.common.errors import InvalidArgumentError
from services.common.kafka import dead_letter_messages as messages
from services.common.kafka.dead_letter_record import (
    DeadLetter,
    LetterId,
    Origin,
    State,
    fold,
    letter_of,
    marker,
    mended,
)
from services.common.kafka.dead_letter_replay import Refusal, replay, usage_key
from services.common.kafka.dead_letters import DeadLetterLimit, TooManyDeadLettersError
from services.common.kafka.record import Outgoing, Partition, Record, Rejection
from services.common.kafka.topics import ANOMALIES, BUDGET_STATE, COSTS, USAGE

USE = UsageEvent(
    event_key=b"k" * 16, content_hash=b"h" * 16, tenant_id="acme", source="s", source_event_id="1",
    quantities=Quantities(input_tokens=5),
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """A record as it was read."""

    topic: str = USAGE
    partition: int = 2
    offset: int = 40
    timestamp: int = 1_000
    key: bytes | None = b"k" * 16
    value: bytes | None = field(default_factory=USE.SerializeToString)
    headers: Sequence[tuple[str, bytes]] = (("ce_id", b"1"), ("odd", b"\xff"))


def topic_of(*written: Outgoing) -> list[Record]:
    """The dead-letter topic after these were written to it."""
    return [
        Read("finops.dead-letter.v1", 0, offset, 1_000 + offset, one.key, one.value, one.headers)
        for offset, one in enumerate(written)
    ]


def rejected(reason: str = "malformed", detail: str = "no tenant", **record: object) -> Outgoing:
    return letter_of(Rejection(replace(Read(), **record), reason, detail), "pricing")  # type: ignore[arg-type]


def letter(**changes: object) -> DeadLetter:
    (found,) = fold(topic_of(rejected()))
    return replace(found, **changes)  # type: ignore[arg-type]


# --- limits -----------------------------------------------------------------------------------------------------------


def _rejections(count: int) -> list[Rejection]:
    return [Rejection(Read(offset=offset), "malformed", "no tenant") for offset in range(count)]


def test_a_burst_stops_and_says_what_and_how_to_go_on() -> None:
    limit = DeadLetterLimit(records=10, window_seconds=60, clock=ManualClock(0))
    limit.check(_rejections(10))
    with pytest.raises(TooManyDeadLettersError) as caught:
        limit.check(_rejections(11))
    for told in ("11 poison records", "finops.usage.v1/2 at offset 10", "malformed, no tenant", "DEAD_LETTER_LIMIT"):
        assert told in str(caught.value)


def test_the_window_slides_and_what_was_not_sent_does_not_count() -> None:
    clock = ManualClock(0)
    limit = DeadLetterLimit(records=10, window_seconds=60, clock=clock)
    for _ in range(5):
        limit.check(_rejections(8))  # Kafka was away: tried again and again, sent never.
    limit.count(8)
    with pytest.raises(TooManyDeadLettersError):
        limit.check(_rejections(3))
    clock.advance(61 * SECOND)
    limit.check(_rejections(10))


def test_without_rejections_nothing_stops() -> None:
    limit = DeadLetterLimit(records=0, clock=ManualClock(0))
    limit.check([])
    with pytest.raises(TooManyDeadLettersError):
        limit.check(_rejections(1))


# --- the topic --------------------------------------------------------------------------------------------------------


def test_a_letter_tells_what_why_and_where() -> None:
    (found,) = fold(topic_of(rejected()))
    assert found == DeadLetter(
        id=LetterId(0, 0),
        origin=Origin("pricing", Partition(USAGE, 2), 40),
        key=b"k" * 16,
        value=USE.SerializeToString(),
        headers=[("ce_id", b"1"), ("odd", b"\xff")],
        reason="malformed",
        detail="no tenant",
        since=1_000_000,
    )


def test_a_marker_settles_a_letter_and_no_other() -> None:
    first, second = rejected(), rejected(offset=41, value=b"other")
    letters = fold(topic_of(first, second))
    done = marker(letters[0], State.REPLAYED, "to finops.usage.v1/2@50")
    settled = fold(topic_of(first, second, done))
    assert [(one.state, one.note) for one in settled] == [
        (State.REPLAYED, "to finops.usage.v1/2@50"),
        (State.OPEN, ""),
    ]


def test_what_was_set_aside_again_is_the_same_letter_where_it_was_read_last() -> None:
    again = [rejected(), rejected(offset=41, value=b"other"), rejected(offset=42)]
    first, other = fold(topic_of(*again))
    assert (first.id, first.times, first.origin.offset) == (LetterId(0, 0), 2, 42)
    assert (other.id, other.times, other.origin.offset) == (LetterId(0, 1), 1, 41)
    for either in (first, replace(first, id=LetterId(0, 2))):
        states = [one.state for one in fold(topic_of(*again, marker(either, State.DROPPED, "")))]
        assert states == [State.DROPPED, State.OPEN]


def test_what_was_dropped_stays_so_and_what_was_replayed_in_vain_is_open_again() -> None:
    (broken,) = fold(topic_of(rejected()))
    dropped = fold(topic_of(rejected(), marker(broken, State.DROPPED, ""), rejected(offset=50)))
    assert [one.state for one in dropped] == [State.DROPPED]
    replayed = fold(topic_of(rejected(), marker(broken, State.REPLAYED, ""), rejected(offset=50)))
    assert [(one.state, one.origin.offset) for one in replayed] == [(State.REPLAYED, 40), (State.OPEN, 50)]


def test_one_event_not_told_to_two_people_is_two_letters() -> None:
    written = [rejected("not delivered", "slack"), rejected("not delivered", "mail")]
    assert len(fold(topic_of(*written))) == 2


def test_a_mended_copy_takes_its_place() -> None:
    first = rejected()
    (broken,) = fold(topic_of(first))
    copy, done = mended(broken, b"K" * 16, b"better"), marker(broken, State.EDITED, "1")
    before, after = fold(topic_of(first, copy, done))
    assert (before.state, before.note, before.value) == (State.EDITED, "1", USE.SerializeToString())
    assert (after.state, after.key, after.value, after.edited_from) == (State.OPEN, b"K" * 16, b"better", "0")
    assert (after.origin, after.reason, after.headers) == (broken.origin, broken.reason, broken.headers)


def test_a_record_set_aside_again_says_the_latest_reason_once() -> None:
    (broken,) = fold(topic_of(rejected()))
    sent = replay(broken, USAGE, {})
    assert isinstance(sent, Outgoing)
    again = rejected("unpriceable", "too much", headers=sent.headers)
    (found,) = fold(topic_of(again))
    assert (found.reason, found.headers) == ("unpriceable", broken.headers)


def test_what_others_wrote_there_is_shown_and_harms_nothing() -> None:
    foreign = Outgoing("finops.dead-letter.v1", b"", b"?", [("dlq_partition", b"x"), ("dlq_topic", b"\xff")])
    nonsense = Outgoing("finops.dead-letter.v1", b"", None, [("dlq_settles", b"one"), ("dlq_outcome", b"?")])
    strange, known = fold(topic_of(foreign, nonsense, rejected()))
    assert (strange.reason, strange.origin.offset) == ("unknown", -1)
    assert known.reason == "malformed"
    assert isinstance(replay(strange, "", {}), Refusal)


@pytest.mark.parametrize(("text", "identity"), [("17", LetterId(0, 17)), ("2:17", LetterId(2, 17))])
def test_ids_read_as_they_are_written(text: str, identity: LetterId) -> None:
    assert LetterId.parse(text) == identity
    assert str(identity) == text


@pytest.mark.parametrize("text", ["", "x", "1:", "a:1", "1:2:3", "-1", "1.5"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="it reads 17, or 2:17"):
        LetterId.parse(text)


# --- replaying --------------------------------------------------------------------------------------------------------


def test_usage_goes_back_under_its_key() -> None:
    sent = replay(letter(), USAGE, {USE.event_key: 40})
    assert sent == Outgoing(
        USAGE, b"k" * 16, USE.SerializeToString(), [("ce_id", b"1"), ("odd", b"\xff"), ("dlq_replay_of", b"0")]
    )
    assert usage_key(letter(), USAGE) == b"k" * 16
    assert usage_key(letter(), COSTS) is None


def test_usage_that_a_later_record_overtook_stays() -> None:
    refused = replay(letter(), USAGE, {USE.event_key: 41})
    assert isinstance(refused, Refusal)
    assert "at offset 41" in refused.reason


def test_usage_that_would_fail_again_stays() -> None:
    for value, told in (
        (b"\xff", "are no finops.usage.v1.UsageEvent"),
        (None, "are no finops.usage.v1.UsageEvent"),
        (UsageEvent(tenant_id="acme").SerializeToString(), "event_key or content_hash"),
        (UsageEvent(event_key=b"k" * 16, content_hash=b"h" * 16).SerializeToString(), "lacks its tenant"),
    ):
        refused = replay(letter(value=value), USAGE, {})
        assert isinstance(refused, Refusal)
        assert told in refused.reason


def test_costs_and_state_are_never_written_again() -> None:
    cost = CostRecord(usage=USE, revision=1).SerializeToString()
    for topic in (COSTS, BUDGET_STATE, "elsewhere"):
        assert isinstance(replay(letter(value=cost), topic, {}), Refusal)


def test_what_people_are_told_goes_back_where_it_was() -> None:
    event = AnomalyEvent(event_id="e1").SerializeToString()
    sent = replay(letter(value=event), ANOMALIES, {})
    assert isinstance(sent, Outgoing)
    assert (sent.topic, sent.key, sent.value, sent.partition) == (ANOMALIES, b"k" * 16, event, 2)


def test_what_the_notifier_gave_up_needs_a_new_id() -> None:
    event = AnomalyEvent(event_id="e1").SerializeToString()
    given_up = letter(value=event, reason="not delivered")
    refused = replay(given_up, ANOMALIES, {})
    assert isinstance(refused, Refusal)
    assert "event_id" in refused.reason
    assert isinstance(replay(replace(given_up, edited_from="0"), ANOMALIES, {}), Outgoing)


@pytest.mark.parametrize("state", [State.REPLAYED, State.DROPPED, State.EDITED])
def test_what_is_settled_stays_settled(state: State) -> None:
    refused = replay(letter(state=state, note="why"), USAGE, {})
    assert refused == Refusal(f"it was {state} already (why)")


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_message_survives_json() -> None:
    message = messages.decoded(USAGE, USE.SerializeToString())
    assert message is not None
    assert messages.from_json(USAGE, messages.as_json(message)) == USE


def test_fields_are_set_by_their_path() -> None:
    content = messages.as_json(USE)
    changed = messages.with_fields(
        content,
        {"tenant_id": "globex", "quantities.output_tokens": "7", "seat.pending_cancellation": "true", "tags.a": "b=c"},
    )
    event = messages.from_json(USAGE, changed)
    assert isinstance(event, UsageEvent)
    assert (event.tenant_id, event.quantities.input_tokens, event.quantities.output_tokens) == ("globex", 5, 7)
    assert event.seat.pending_cancellation
    assert dict(event.tags) == {"a": "b=c"}
    assert content["tenant_id"] == "acme"


@pytest.mark.parametrize(
    ("assignments", "told"),
    [
        ({"tenant": "x"}, 'no field named "tenant"'),
        ({"quantities.input_tokens": "many"}, "parse input_tokens field"),
        ({"tenant_id.x": "1"}, "tenant_id is no object"),
        ({"quantities": "5"}, "quantities"),
    ],
)
def test_a_field_that_is_not_there_is_named(assignments: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidArgumentError, match=told):
        messages.from_json(USAGE, messages.with_fields(messages.as_json(USE), assignments))


def test_what_is_no_object_or_of_no_known_topic() -> None:
    with pytest.raises(InvalidArgumentError, match="is a JSON object"):
        messages.from_json(USAGE, [1])
    with pytest.raises(InvalidArgumentError, match="is not known here"):
        messages.from_json("elsewhere", {})
