"""What the topics carry, between bytes and JSON that a person can read and mend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent
from finops.budget.v1.budget_pb2 import BudgetAlert
from finops.cost.v1.cost_pb2 import CostRecord
from finops.governance.v1.governance_pb2 import GovernanceEvent
from finops.recommendation.v1.recommendation_pb2 import RecommendationEvent
from finops.usage.v1.usage_pb2 import UsageEvent
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError, Message

from services.common.errors import InvalidArgumentError
from services.common.kafka import topics

_MESSAGES: Mapping[str, type[Message]] = {
    topics.USAGE: UsageEvent,
    topics.COSTS: CostRecord,
    topics.BUDGET_ALERTS: BudgetAlert,
    topics.ANOMALIES: AnomalyEvent,
    topics.RECOMMENDATIONS: RecommendationEvent,
    topics.GOVERNANCE: GovernanceEvent,
}


def type_name(topic: str) -> str:
    """Full name of the message a topic carries; empty for a topic of somebody else's."""
    kind = _MESSAGES.get(topic)
    return kind.DESCRIPTOR.full_name if kind is not None else ""


def decoded(topic: str, value: bytes | None) -> Message | None:
    """The message, or None where the bytes are none of its kind."""
    kind = _MESSAGES.get(topic)
    if kind is None or not value:
        return None
    message = kind()
    try:
        message.ParseFromString(value)
    except DecodeError:
        return None
    return message


def as_json(message: Message) -> dict[str, Any]:
    """Field names as in the .proto files; bytes in base64, 64-bit numbers as strings (ProtoJSON)."""
    content: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return content


def from_json(topic: str, content: object) -> Message:
    """Reads what `as_json` wrote, mended.

    Raises:
        InvalidArgumentError: a field the message does not have, or a value it does not take.
    """
    kind = _MESSAGES.get(topic)
    if kind is None:
        raise InvalidArgumentError(f"what {topic} carries is not known here: only its bytes can be looked at")
    if not isinstance(content, dict):
        raise InvalidArgumentError(f"a {type_name(topic)} is a JSON object")
    try:
        return ParseDict(content, kind())
    except (ParseError, ValueError, TypeError) as error:
        raise InvalidArgumentError(f"not a {type_name(topic)}: {error}") from None


def with_fields(content: dict[str, Any], assignments: Mapping[str, str]) -> dict[str, Any]:
    """The JSON with some fields set; a path's parts are joined by dots, and a value is JSON or else a text.

    Raises:
        InvalidArgumentError: a path leads through something that is no object.
    """
    changed: dict[str, Any] = json.loads(json.dumps(content))
    for path, text in assignments.items():
        place = changed
        *parents, name = path.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise InvalidArgumentError.of(path, f"{parent} is no object")
        try:
            place[name] = json.loads(text)
        except ValueError:
            place[name] = text
    return changed
