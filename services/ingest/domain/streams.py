"""A provider's stream, posted whole, as the one object it amounts to.

Counts in a stream are cumulative: a later one replaces an earlier one. Content is left behind here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Part = dict[str, Any]
"""One chunk or event."""

BROKEN_OFF = "\0broken_off"
"""Set in the object of a stream whose end is missing: the client went away, what was counted so far is an estimate."""


@dataclass(frozen=True)
class StreamFormat:
    """How one API streams."""

    is_part: Callable[[Part], bool]
    """Whether an object is a part of a stream and not a whole answer."""
    key: Callable[[Part], str | None]
    """The stream's id; "" where only the part before tells; None where the part says nothing of use."""
    merge: Callable[[Part, Part], None]
    """Adds a part to the object so far."""
    is_last: Callable[[Part], bool]
    """Whether the counts are final with this part."""
    alone_is_whole: bool = False
    """A part without others reads like a whole answer."""


@dataclass
class _Total:
    position: int
    """In the items joined."""
    first: Part
    content: Part
    parts: int = 0
    ended: bool = False


def join(items: Sequence[object], formats: Sequence[StreamFormat]) -> Sequence[object]:
    """The items, with the parts of each stream replaced by one object where its first part stood.

    Args:
        items: JSON values, in the order they were sent. Several streams may be mixed where their parts carry an id.
        formats: what may be streamed here; the first that claims a part reads it.
    """
    joined: list[object] = []
    totals: dict[tuple[int, str], _Total] = {}
    for item in items:
        number = _format_of(item, formats)
        if number is None:
            joined.append(item)
            continue
        assert isinstance(item, dict)
        _add(item, number, formats[number], totals, joined)
    for (number, _), total in totals.items():
        if total.parts == 1 and formats[number].alone_is_whole:
            joined[total.position] = total.first
        elif not total.ended:
            total.content[BROKEN_OFF] = True
    return joined


def _format_of(item: object, formats: Sequence[StreamFormat]) -> int | None:
    if type(item) is not dict:
        return None
    return next((number for number, known in enumerate(formats) if known.is_part(item)), None)


def _add(
    part: Part, number: int, known: StreamFormat, totals: dict[tuple[int, str], _Total], joined: list[object]
) -> None:
    key = known.key(part)
    if key is None:
        return
    if not key:
        key = next(
            (name for (other, name), total in reversed(totals.items()) if other == number and not total.ended), ""
        )
        key = key or f"\0{len(totals)}"
    total = totals.get((number, key))
    if total is None:
        total = totals[number, key] = _Total(len(joined), part, {})
        joined.append(total.content)
    known.merge(total.content, part)
    total.parts += 1
    total.ended = total.ended or known.is_last(part)


def keep_new(total: Part, part: Part, *, leave: frozenset[str] = frozenset()) -> None:
    """Takes over the fields of a part that are not null, but for those left behind."""
    for name, value in part.items():
        if value is not None and name not in leave:
            total[name] = value
