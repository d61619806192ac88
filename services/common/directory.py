"""Directories that hold what must outlive the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class DirectoryLocked(RuntimeError):
    """Another process has this directory."""


class DirectoryLock:
    """Holds a directory for this process; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path, *, what: str, advice: str) -> None:
        """`what` lies in the directory, and `advice` on giving each process its own, are for the error's message."""
        self._path = directory / "lock"
        self._what = what
        self._advice = advice
        self._file = -1

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            DirectoryLocked: another process holds it.
        """
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            self.release()
            raise DirectoryLocked(
                f"{self._what} in {self._path.parent} is in use by process {holder or 'unknown'}: {self._advice}"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Lets go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def sync_directory(directory: Path) -> None:
    """Makes the directory's entries durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
