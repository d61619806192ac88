"""The latest value of each key, on disk. Blocking; called in threads."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.common.directory import DirectoryLock, sync_directory
from services.common.framing import frame, unframe
from services.common.log import get_logger

log = get_logger(__name__)

MAGIC = b"AFINKEY1"
_KEY = struct.Struct("<?I")
"""Whether there is a value, and the key's length."""

COMPACT_BYTES = 4 * 1024 * 1024
"""A file below this size is never written anew."""


class KeyedFile:
    """Changes are appended and synced; a file that is mostly of the past is replaced by one of the present."""

    def __init__(self, directory: Path, lock: DirectoryLock) -> None:
        self._path = directory / "latest"
        self._lock = lock
        self._file = -1
        self._bytes = 0
        self._latest: dict[bytes, bytes] = {}

    def open(self) -> Mapping[bytes, bytes]:
        """Takes the directory, and reads what is there. A write that was cut off was never acknowledged: it is cut.

        Raises:
            DirectoryLocked: another process has it.
            OSError: the directory cannot be used.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock.acquire()
        content = self._path.read_bytes() if self._path.exists() else b""
        self._latest = {}
        if content.startswith(MAGIC):
            found = unframe(content[len(MAGIC) :], shortest=_KEY.size)
            for body in found.bodies:
                self._take(body)
            if found.used < len(content) - len(MAGIC):
                cut = len(content) - len(MAGIC) - found.used
                log.warning("the end of a file is cut off", file=str(self._path), bytes=cut, damaged=found.damaged)
        self._replace()
        return dict(self._latest)

    def append(self, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Returns once the changes are on disk; a key without a value is gone.

        Raises:
            OSError: what of them is on disk is known once the file has been closed and opened again.
        """
        bodies = [_KEY.pack(value is not None, len(key)) + key + (value or b"") for key, value in changes]
        rest = memoryview(b"".join(map(frame, bodies)))
        self._bytes += len(rest)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fdatasync(self._file)
        for body in bodies:
            self._take(body)
        if self._bytes > max(COMPACT_BYTES, 4 * sum(len(k) + len(v) for k, v in self._latest.items())):
            self._replace()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._lock.release()

    def _take(self, body: bytes) -> None:
        has_value, length = _KEY.unpack_from(body)
        key, value = body[_KEY.size : _KEY.size + length], body[_KEY.size + length :]
        if has_value:
            self._latest[key] = value
        else:
            self._latest.pop(key, None)

    def _replace(self) -> None:
        """A new file of what is there now, complete before it takes the old one's name."""
        draft = self._path.with_suffix(".draft")
        content = MAGIC + b"".join(
            frame(_KEY.pack(True, len(key)) + key + value) for key, value in self._latest.items()
        )
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)
        sync_directory(self._path.parent)
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._bytes = len(content)
