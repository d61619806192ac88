"""Dead letters as a person, or a script, sees them."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from services.common.clock import Micros, format_rfc3339
from services.common.kafka.dead_letter_log import DeadLetterLog
from services.common.kafka.dead_letter_messages import as_json, decoded, type_name
from services.common.kafka.dead_letter_record import DeadLetter, LetterId, State


@dataclass(frozen=True)
class Selection:
    """Which letters are meant. An empty field means any."""

    ids: frozenset[LetterId] = frozenset()
    group: str = ""
    reason: str = ""
    topic: str = ""
    since: Micros | None = None

    def names_any(self) -> bool:
        """False: nothing narrows it down."""
        return bool(self.ids or self.group or self.reason or self.topic) or self.since is not None

    def of(self, letters: Iterable[DeadLetter], log: DeadLetterLog) -> list[DeadLetter]:
        """Those meant."""
        return [letter for letter in letters if self._has(letter, log.bare(letter.origin.at.topic))]

    def _has(self, letter: DeadLetter, topic: str) -> bool:
        return (
            (not self.ids or letter.id in self.ids)
            and self.group in ("", letter.origin.group)
            and self.reason in ("", letter.reason)
            and self.topic in ("", topic, letter.origin.at.topic)
            and (self.since is None or letter.since >= self.since)
        )


def summary(letter: DeadLetter) -> dict[str, Any]:
    """What a list tells of a letter."""
    return {
        "id": str(letter.id),
        "state": letter.state.value,
        "note": letter.note,
        "since": format_rfc3339(letter.since),
        "group": letter.origin.group,
        "reason": letter.reason,
        "detail": letter.detail,
        "times": letter.times,
        "topic": letter.origin.at.topic,
        "partition": letter.origin.at.partition,
        "offset": letter.origin.offset,
        "edited_from": letter.edited_from,
    }


def whole(letter: DeadLetter, topic: str) -> dict[str, Any]:
    """All there is of a letter; `topic` without the cluster's prefix says what it carries."""
    message = decoded(topic, letter.value)
    content: dict[str, Any] = {"value": as_json(message)} if message is not None else {}
    if not content:
        content["value_base64"] = base64.b64encode(letter.value or b"").decode()
    return {
        **summary(letter),
        "key": letter.key.hex(),
        "headers": {name: _text(value) for name, value in letter.headers},
        "type": type_name(topic),
        **content,
    }


def table(letters: Sequence[DeadLetter], *, with_state: bool) -> Table:
    """The list, the oldest first. Where there is too little room the detail is cut, and nothing else."""
    rows = [_row(letter, with_state=with_state) for letter in letters]
    names = ["id", "since", "group", "where", "reason", *(["state"] if with_state else [])]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(names):
        widest = max([len(name), *(len(row[place]) for row in rows)])
        shown.add_column(name, no_wrap=True, min_width=widest)
    shown.add_column("detail", no_wrap=True, overflow="ellipsis", min_width=20)
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown


def _row(letter: DeadLetter, *, with_state: bool) -> list[str]:
    at = letter.origin.at
    return [
        str(letter.id),
        f"{format_rfc3339(letter.since)[:19]}Z",
        letter.origin.group,
        f"{at.topic}/{at.partition}@{letter.origin.offset}",
        letter.reason,
        *([f"{letter.state} {letter.note}".strip()] if with_state else []),
        letter.detail.replace("\n", " "),
    ]


def counts(letters: Sequence[DeadLetter], state: State | None) -> str:
    """How many there are, by reason."""
    reasons = Counter((letter.origin.group, letter.reason) for letter in letters)
    parts = [f"{count} {group}: {reason}" for (group, reason), count in reasons.most_common()]
    total = f"{len(letters)} {state.value if state else 'in all'}"
    return f"{total} ({'; '.join(parts)})" if parts else f"no dead letters{f' {state.value}' if state else ''}"


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(value).decode()}"
