"""Where insert blocks are cut, so that a block written again after a crash is the same block under the same token.

A block's span is noted before the block is written, and noted as written after. Whoever takes a partition over cuts the
block that was noted but perhaps not written exactly there again; each of the entries, the rollups and the index drops a
block it has seen and takes one it has not. So a crash before, between or after them changes no sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.ledger.domain.entry import Entry, UsageMark


class Span(NamedTuple):
    """A block's extent: offsets of its first and last entry, and the usage marks before and after it."""

    first: int
    last: int
    before: UsageMark
    after: UsageMark


class Note(NamedTuple):
    """What a writer wrote down about a block: before writing it, or once it was written."""

    partition: int
    span: Span
    written: bool
    number: int
    """Rises from note to note, whoever wrote them, in the order in which the database committed them."""


class Resume(NamedTuple):
    """Where a writer takes a partition up.

    `replay` is the block that may be written in part; `mark` the usage mark before the next block.
    """

    offset: int = 0
    mark: UsageMark = UsageMark()
    replay: Span | None = None


def resume(notes: Iterable[Note]) -> Resume:
    """Where to go on, from the last notes of each writer a partition ever had.

    A writer takes a block on only once the one before it is noted as written, so open notes that differ are of rivals.
    Two writers may both believe they own a partition. Each notes its block and then looks for the other's note, so
    whoever noted later sees the earlier one and does not write: only the earliest open note can be in the tables.
    """
    noted = list(notes)
    done = max((note.span for note in noted if note.written), key=lambda span: span.last, default=None)
    written_through = -1 if done is None else done.last
    open_notes = [note for note in noted if not note.written and note.span.first > written_through]
    if open_notes:
        span = min(open_notes, key=lambda note: note.number).span
        return Resume(span.first, span.before, span)
    return Resume() if done is None else Resume(done.last + 1, done.after)


@dataclass(frozen=True)
class Block:
    """Entries of one partition that are written at once. `noted`: its span has been written down before."""

    partition: int
    span: Span
    entries: Sequence[Entry]
    noted: bool

    def token(self, incarnation: str) -> str:
        """Names the block for ClickHouse's deduplication."""
        return f"{incarnation}:{self.partition}:{self.span.first}-{self.span.last}"


@dataclass
class PartitionCutter:
    """Cuts the records of one partition into blocks."""

    partition: int
    start: Resume
    dropped: int = 0
    """Entries left out because their usage offset did not rise."""
    through: int = field(init=False)
    """Highest offset of the log that has been cut into a block, left out or refused."""
    _mark: UsageMark = field(init=False)
    _replay: Span | None = field(init=False)
    _held: list[Entry] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.through = self.start.offset - 1
        self._mark = self.start.mark
        self._replay = self.start.replay

    def take(self, entries: Sequence[Entry], read_through: int) -> list[Block]:
        """The blocks that are whole now: at most the one to be cut again, and one new one.

        Args:
            entries: the next readable records, in the order of their offsets.
            read_through: offset of the last record read, readable or not.
        """
        before = self._mark
        fresh: list[Entry] = []
        for entry in entries:
            mark = entry.usage
            if mark.incarnation == self._mark.incarnation and mark.offset <= self._mark.offset:
                # A rater that had lost the partition wrote on for a moment; its successor's records are the true ones.
                self.dropped += 1
                continue
            self._mark = mark
            if self._replay is not None and entry.offset <= self._replay.last:
                self._held.append(entry)
                before = self._mark
            else:
                fresh.append(entry)
        blocks: list[Block] = []
        if self._replay is not None:
            if read_through < self._replay.last:
                return []
            if self._held:
                blocks.append(Block(self.partition, self._replay, self._held, noted=True))
            self._replay, self._held = None, []
        if fresh:
            span = Span(fresh[0].offset, fresh[-1].offset, before, self._mark)
            blocks.append(Block(self.partition, span, fresh, noted=False))
        self.through = max(self.through, read_through)
        return blocks
