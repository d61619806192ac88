"""Many callers, one durable write: what comes in while a write is under way goes into the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class GroupCommit(Generic[Item]):
    """Writes what callers submit, in the order they do, all that waits at a time."""

    def __init__(self, commit: Callable[[Sequence[Item]], Awaitable[None]], *, most: int) -> None:
        """`most`: items in one write, at most, unless one caller submits more at once."""
        self._commit = commit
        self._most = most
        self._queue: list[tuple[Sequence[Item], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def submit(self, items: Sequence[Item]) -> None:
        """Returns once the items, and all that was submitted before them, are written.

        Raises whatever the write raises, to each caller whose items were part of it.
        """
        if not items and not self.busy:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((items, done))
        if not self.busy:
            self._writing = asyncio.create_task(self._write_queued())
        await done

    @property
    def busy(self) -> bool:
        """Whether a write is under way."""
        return self._writing is not None and not self._writing.done()

    async def drain(self) -> None:
        """Returns once nothing is under way, however that ends."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])

    async def _write_queued(self) -> None:
        # Callers that are already runnable get to submit before the first write begins.
        await asyncio.sleep(0)
        while self._queue:
            group, items = self._next_group()
            error: BaseException | None = None
            try:
                if items:
                    await self._commit(items)
            except Exception as failed:
                error = failed
            for done in group:
                if not done.done():
                    done.set_result(None) if error is None else done.set_exception(error)

    def _next_group(self) -> tuple[list[asyncio.Future[None]], list[Item]]:
        group: list[asyncio.Future[None]] = []
        items: list[Item] = []
        while self._queue and (not group or len(items) + len(self._queue[0][0]) <= self._most):
            submitted, done = self._queue.pop(0)
            items += submitted
            group.append(done)
        return group, items
