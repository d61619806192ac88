"""asyncapi.yaml: the topics, through FastStream's own generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI
from google.protobuf import descriptor_pool

from services.allinone.services import SERVICES
from services.common.kafka.topics import BUDGET_STATE, DEAD_LETTER, TOPICS, Topic

_DESCRIPTION = (
    "The Kafka topics through which the services meet. Values are protobuf messages, described in protobuf.md; headers "
    "are CloudEvents in binary mode (`ce_...`) and W3C trace context. A cluster's prefix stands before every name."
)

_CLOUD_EVENT = {
    "ce_specversion": "1.0",
    "ce_id": "Same for the same thing that happened: deduplicate on it",
    "ce_type": "What happened",
    "ce_source": "Where",
    "ce_time": "When, RFC 3339",
    "ce_subject": "What it is about, where the source is not enough",
    "content-type": "application/protobuf",
    "traceparent": "W3C trace context, where the trace is sampled",
}
_DEAD = {
    "dlq_reason": "Why it could not be processed, in a word",
    "dlq_detail": "The same in a sentence",
    "dlq_group": "Consumer group that gave it up",
    "dlq_topic": "Where it came from",
    "dlq_partition": "Its partition there",
    "dlq_offset": "Its offset there",
    "dlq_settles": "On a marker, which has no value: the dead letter it settles",
    "dlq_outcome": "On a marker: replayed, edited, dropped",
    "dlq_note": "On a marker: why",
    "dlq_edited_from": "The dead letter this one is an edited copy of",
    "dlq_replay_of": "On a record written again: the dead letter it was",
}


def document() -> str:
    """AsyncAPI 3.0 in YAML."""
    broker = KafkaBroker("localhost:9092")
    for topic in TOPICS:
        broker.publisher(topic.name, title=topic.name, description=_described(topic), schema=bytes)
    specification: dict[str, Any] = (
        AsyncAPI(broker, title="AI FinOps", version="1", description=_DESCRIPTION, schema_version="3.0.0")
        .to_specification()
        .to_jsonable()
    )
    # The brokers are the installation's own.
    specification.pop("servers")
    specification["defaultContentType"] = "application/protobuf"
    # FastStream keeps publishers in a set: put its output into the order of the topics.
    for part in (specification["channels"], specification["operations"]):
        _sort(part, lambda name: name)
    messages = specification["components"]["messages"]
    _sort(messages, lambda name: name.partition(":")[0])
    schemas: dict[str, Any] = {}
    for topic in TOPICS:
        channel = specification["channels"][topic.name]
        channel.pop("servers")
        (reference,) = channel["messages"].values()
        message = messages[reference["$ref"].rpartition("/")[2]]
        message |= _message(topic)
        # FastStream looks for its own correlation id, which is not sent.
        message.pop("correlationId")
        schemas[topic.value if topic.name != DEAD_LETTER else "OriginalRecord"] = _payload(topic)
    specification["components"]["schemas"] = schemas
    return yaml.safe_dump(specification, sort_keys=False, allow_unicode=True, width=120)


def _sort(part: dict[str, Any], topic_of: Callable[[str], str]) -> None:
    order = [topic.name for topic in TOPICS]
    items = sorted(part.items(), key=lambda item: order.index(topic_of(item[0])))
    part.clear()
    part.update(items)


def _described(topic: Topic) -> str:
    writer = "every service" if topic.written_by == "all" else f"the {topic.written_by} service"
    assert topic.written_by in {"all", *SERVICES}, topic.written_by
    partitions = "as many partitions as configured" if topic.scaled else "one partition"
    kept = "compacted" if topic.compacted else "kept for the configured time"
    return f"Written by {writer}. Key: {topic.key}. Has {partitions}; is {kept}."


def _message(topic: Topic) -> dict[str, Any]:
    dead = topic.name == DEAD_LETTER
    name = "OriginalRecord" if dead else topic.value
    found: dict[str, Any] = {
        "name": name,
        "title": name,
        "contentType": "application/octet-stream" if dead else "application/protobuf",
        "bindings": {"kafka": {"key": {"description": topic.key}}},
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }
    if topic.name != BUDGET_STATE:
        headers = _DEAD if dead else _CLOUD_EVENT
        properties = {header: {"type": "string", "description": text} for header, text in headers.items()}
        found["headers"] = {"type": "object", "properties": properties}
    return found


def _payload(topic: Topic) -> dict[str, Any]:
    if topic.name == DEAD_LETTER:
        return {"type": "string", "format": "binary", "description": topic.value}
    # Fails where a topic names a message that does not exist.
    message = descriptor_pool.Default().FindMessageTypeByName(topic.value)
    anchor = message.full_name.lower().replace(".", "")
    return {
        "type": "string",
        "format": "binary",
        "description": f"Protobuf message {message.full_name}, see protobuf.md#{anchor}",
    }
