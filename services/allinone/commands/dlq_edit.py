"""Mending a dead letter: what a person changed, as the bytes that are replayed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from finops.usage.v1.usage_pb2 import UsageEvent
from google.protobuf.message import Message

from services.common.errors import FailedPreconditionError, InvalidArgumentError
from services.common.kafka.dead_letter_messages import as_json, decoded, from_json, type_name, with_fields
from services.common.kafka.dead_letter_record import DeadLetter
from services.ingest.domain.identity import seal


def with_assignments(letter: DeadLetter, topic: str, assignments: Mapping[str, str]) -> Message:
    """The letter's message with some fields set.

    Raises:
        FailedPreconditionError: its bytes are no message.
        InvalidArgumentError: the message has no such field.
    """
    return from_json(topic, with_fields(_content(letter, topic), assignments))


def from_file(topic: str, file: Path) -> Message:
    """A whole message: JSON, or its bytes as they go to Kafka.

    Raises:
        InvalidArgumentError: it is neither.
    """
    found = file.read_bytes()
    if found.lstrip()[:1] == b"{":
        return from_json(topic, _parsed(found.decode("utf-8", "replace")))
    message = decoded(topic, found)
    if message is None:
        raise InvalidArgumentError(f"{file} holds no {type_name(topic) or 'known message'}, as JSON or as bytes")
    return message


def in_editor(letter: DeadLetter, topic: str) -> Message | None:
    """What the user leaves in $VISUAL or $EDITOR; None where nothing was changed.

    Raises:
        FailedPreconditionError: its bytes are no message.
        InvalidArgumentError: what was left is no message.
    """
    before = json.dumps(_content(letter, topic), indent=2, ensure_ascii=False) + "\n"
    after = click.edit(before, extension=".json")
    return None if after is None or after == before else from_json(topic, _parsed(after))


def sealed(message: Message, letter: DeadLetter) -> tuple[bytes, bytes]:
    """Key and value to replay. A usage event gets the key and content hash that ingest would give it, so that it is
    the event it says it is, and its change is told from a resend."""
    if not isinstance(message, UsageEvent):
        return letter.key, message.SerializeToString()
    received = message.received_unix_micros
    for name in ("event_key", "content_hash", "received_unix_micros"):
        message.ClearField(name)
    event = seal(message, received)
    return event.key, event.value


def _content(letter: DeadLetter, topic: str) -> dict[str, Any]:
    message = decoded(topic, letter.value)
    if message is None:
        raise FailedPreconditionError(
            f"the bytes of {letter.id} are no {type_name(topic) or 'known message'}: give a whole one with --value-file"
        )
    return as_json(message)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidArgumentError(f"not JSON: {error}") from None
