"""Messages as JSON, for the tables."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from services.notifier.domain.message import Fact, Kind, Message, Severity, Transition


def dump(message: Message) -> str:
    """What `load` reads."""
    return orjson.dumps({**asdict(message), "severity": message.severity.label}).decode()


def load(text: str) -> Message:
    """The message that was dumped."""
    value = orjson.loads(text)
    return Message(
        **{
            **value,
            "kind": Kind(value["kind"]),
            "severity": Severity[value["severity"].upper()],
            "transition": Transition(value["transition"]),
            "facts": tuple(Fact(**fact) for fact in value["facts"]),
        }
    )
