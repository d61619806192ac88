"""Holds in a file, for a broker that forgets what it holds when it stops. One process decides for everybody then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from services.budget.adapters.holds_codec import decode, key_of, value_of
from services.budget.domain.holds import Change
from services.budget.handlers.holding import HoldsView
from services.common.component import Health
from services.common.directory import DirectoryLock
from services.common.errors import UnavailableError
from services.common.group_commit import GroupCommit
from services.common.keyed_file import KeyedFile

_MOST_CHANGES = 5_000


class FileHolds:
    """The log of holds on the local disk. A component."""

    def __init__(self, directory: Path, view: HoldsView) -> None:
        self.name = "budget holds file"
        lock = DirectoryLock(
            directory, what="the file of reservations", advice="give each budget process its own BUDGET__HOLDS_DIR"
        )
        self._file = KeyedFile(directory, lock)
        self._view = view
        self._group: GroupCommit[Change] = GroupCommit(self._write, most=_MOST_CHANGES)
        self._opening = asyncio.Lock()
        self._life = 0
        """Rises each time the file is opened."""
        self._trouble = "not open yet"

    async def start(self) -> None:
        """Raises DirectoryLocked, OSError."""
        await self._open()

    async def stop(self) -> None:
        await self._group.drain()
        self._trouble = "closed"
        await asyncio.to_thread(self._file.close)

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble and f"file of reservations: {self._trouble}")

    async def claim(self, share: int) -> FileHoldWriter:
        """Opens the file again after a failed write. Raises UnavailableError."""
        async with self._opening:
            if self._trouble:
                try:
                    await asyncio.to_thread(self._file.close)
                    await self._open()
                except OSError as error:
                    raise UnavailableError(f"the file of reservations cannot be used: {error}") from error
        return FileHoldWriter(self, self._life)

    async def write(self, changes: Sequence[Change], life: int) -> None:
        """As HoldWriter.write, for a writer of that life of the file."""
        if self._trouble or life != self._life:
            raise UnavailableError(f"the file of reservations: {self._trouble or 'it was opened again'}")
        await self._group.submit(changes)

    async def _open(self) -> None:
        content = await asyncio.to_thread(self._file.open)
        self._view.clear()
        for key, value in content.items():
            self._view.apply(decode(key, value))
        self._life += 1
        self._trouble = ""

    async def _write(self, changes: Sequence[Change]) -> None:
        try:
            await asyncio.to_thread(self._file.append, [(key_of(change), value_of(change)) for change in changes])
        except OSError as error:
            self._trouble = f"cannot be written: {error.strerror or error}"
            raise UnavailableError(f"the file of reservations {self._trouble}") from error
        for change in changes:
            self._view.apply(change)


class FileHoldWriter:
    """Writes holds, until the file has to be opened again."""

    def __init__(self, holds: FileHolds, life: int) -> None:
        self._holds = holds
        self._life = life

    async def write(self, changes: list[Change]) -> None:
        await self._holds.write(changes, self._life)

    async def close(self) -> None: ...
