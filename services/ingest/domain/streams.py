"""A provider's stream, posted whole, as the one object it amounts to.

Counts in a stream are cumulative: a later one replaces an earlier one. Content is left behind here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

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
    streams = [_Streams(known, joined) for known in formats]
    for item in items:
        of = next((each for each in streams if type(item) is dict and each.format.is_part(item)), None)
        if of is None:
            joined.append(item)
        else:
            of.add(cast(Part, item))
    for each in streams:
        each.close()
    return joined


class _Streams:
    """The streams of one format."""

    def __init__(self, known: StreamFormat, joined: list[object]) -> None:
        self.format = known
        self._joined = joined
        self._totals: dict[str, _Total] = {}
        self._current = ""
        """The stream of the part before; "" where that one ended it."""

    def add(self, part: Part) -> None:
        key = self.format.key(part)
        if key is None:
            return
        key = key or self._current or f"\0{len(self._totals)}"
        total = self._totals.get(key)
        if total is None:
            total = self._totals[key] = _Total(len(self._joined), part, {})
            self._joined.append(total.content)
        self.format.merge(total.content, part)
        total.parts += 1
        total.ended = total.ended or self.format.is_last(part)
        self._current = "" if total.ended else key

    def close(self) -> None:
        for total in self._totals.values():
            if total.parts == 1 and self.format.alone_is_whole:
                self._joined[total.position] = total.first
            elif not total.ended:
                total.content[BROKEN_OFF] = True


def keep_new(total: Part, part: Part, *, leave: frozenset[str] = frozenset()) -> None:
    """Takes over the fields of a part that are not null, but for those left behind."""
    for name, value in part.items():
        if value is not None and name not in leave:
            total[name] = value
