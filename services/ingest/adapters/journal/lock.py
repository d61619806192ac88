"""One process to a journal."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class JournalLocked(RuntimeError):
    """Another process has this journal."""


class DirectoryLock:
    """Holds a directory for this process; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._file = -1

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            JournalLocked: another process holds it.
        """
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            self.release()
            raise JournalLocked(
                f"the journal in {self._path.parent} is in use by process {holder or 'unknown'}: "
                "give each ingest process its own AIFINOPS_INGEST__JOURNAL_DIR"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Lets go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
