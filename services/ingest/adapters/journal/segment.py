"""One append-only file of the journal. Blocking; called in threads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from services.common.directory import sync_directory
from services.common.framing import MAX_BODY_BYTES
from services.common.log import get_logger
from services.ingest.adapters.journal import frames
from services.ingest.adapters.journal.frames import MAGIC, Stored

log = get_logger(__name__)

SUFFIX = ".journal"
DAMAGED = ".damaged"
REFUSED = ".refused"

_PIECE_BYTES = 1024 * 1024


class Segment:
    """A numbered file and how much of it is durable. Written by one thread, read by others up to `durable`."""

    def __init__(self, path: Path, durable: int, *, sealed: bool) -> None:
        self.path = path
        self.durable = durable
        """Bytes known to be on disk; frames beyond are not acknowledged."""
        self.sealed = sealed
        """Nothing is written to it any more."""
        self._damaged = False
        self._file = -1

    @property
    def number(self) -> int:
        return int(self.path.name.removesuffix(SUFFIX))

    @classmethod
    def create(cls, directory: Path, number: int) -> Segment:
        """A new file, in place on disk."""
        segment = cls(directory / f"{number:020d}{SUFFIX}", 0, sealed=False)
        segment._file = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            segment.append(MAGIC)
            sync_directory(directory)
        except OSError:
            segment.close()
            segment.path.unlink()
            raise
        return segment

    @classmethod
    def recover(cls, path: Path) -> Segment:
        """A file left by an earlier process. It is only read; how much of it is sound shows when it is."""
        segment = cls(path, path.stat().st_size, sealed=True)
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
        # The magic is synced before any frame, so that only a file torn at birth lacks it and holds nothing.
        if start != MAGIC:
            segment._cut(0, start, damaged=not MAGIC.startswith(start))
        return segment

    def append(self, data: bytes) -> None:
        """Writes and syncs.

        Raises:
            OSError: nothing of `data` counts as written, and the segment is sealed, since after a failed fsync nobody
                knows what the disk holds.
        """
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fdatasync(self._file)
        except OSError:
            self.sealed = True
            self.close()
            raise
        self.durable += len(data)

    def close(self) -> None:
        """Lets go of the file; it can still be read."""
        self.sealed = True
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self, offset: int) -> tuple[list[Stored], int]:
        """Some frames from an offset on, and the offset after them; no frames at the end of what is durable.

        A torn tail, which only a frame never acknowledged can leave, ends the segment. So does damage, which is logged;
        the file is then kept aside when the segment is done with.
        """
        offset = max(offset, len(MAGIC))
        wanted = _PIECE_BYTES
        while offset < self.durable:
            piece = self._piece(offset, min(wanted, self.durable - offset))
            found = frames.decode(piece)
            if found.frames:
                return found.frames, offset + found.used
            if found.damaged or not piece or offset + len(piece) >= self.durable:
                self._cut(offset, piece, damaged=found.damaged)
                break
            wanted = MAX_BODY_BYTES + _PIECE_BYTES
        return [], max(offset, self.durable)

    def _piece(self, offset: int, size: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _cut(self, offset: int, piece: bytes, *, damaged: bool) -> None:
        lost = self.durable - offset
        # A file system may leave zeros where a power cut stopped a write.
        if damaged and piece.strip(b"\0"):
            self._damaged = True
            log.error("journal segment is damaged; its end is kept aside", file=str(self.path), at=offset, bytes=lost)
        else:
            log.warning("journal segment ends in a torn write, never acknowledged", file=str(self.path), bytes=lost)
        self.durable = offset
        self.sealed = True

    def set_aside(self, events: Iterable[Stored]) -> Path:
        """Writes some of its events to a file beside it, itself a segment but for its name."""
        aside = self.path.with_suffix(REFUSED)
        with aside.open("wb") as file:
            file.write(MAGIC)
            for event, traceparent in events:
                file.write(frames.encode([event], traceparent))
            file.flush()
            os.fsync(file.fileno())
        sync_directory(aside.parent)
        return aside

    def discard(self) -> None:
        """Deletes the file, or keeps it aside where it is damaged."""
        self.close()
        if self._damaged:
            self.path.rename(self.path.with_suffix(DAMAGED))
        else:
            self.path.unlink(missing_ok=True)
