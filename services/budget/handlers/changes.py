"""Who wants to know that a budget's figures changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.common.clock import Clock, Micros

Listener = Callable[[str, str, str | None], None]

Subject = tuple[str, str | None]
"""A budget's id, and the member whose figures changed; None: those of the whole, or of all."""


class Watcher:
    """The budgets of one tenant that changed since they were last taken."""

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        self.closed = False
        self._changed: set[Subject] = set()
        self._wake = asyncio.Event()

    def notice(self, budget_id: str, member: str | None) -> None:
        self._changed.add((budget_id, member))
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def take(self) -> set[Subject]:
        """Waits for a change, or the end."""
        await self._wake.wait()
        self._wake.clear()
        changed, self._changed = self._changed, set()
        return changed


class Version:
    """Of a budget's figures: rises with every change, in this process."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Changes:
    """Passes on which budget changed, at once and without waiting."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []
        self._watchers: set[Watcher] = set()
        self._times: dict[tuple[str, str], Micros] = {}
        self._versions: dict[tuple[str, str], Version] = {}
        self._closed = False

    def listen(self, listener: Listener) -> None:
        """`listener(tenant_id, budget_id, member)` is called on every change."""
        self._listeners.append(listener)

    def touch(self, tenant_id: str, budget_id: str, member: str | None = None) -> None:
        """Figures of this budget changed now: those of a member, or those of the whole."""
        key = tenant_id, budget_id
        self._times[key] = self._clock.now()
        version = self._versions.get(key)
        if version is not None:
            version.count += 1
        for listener in self._listeners:
            listener(tenant_id, budget_id, member)
        for watcher in self._watchers:
            if watcher.tenant_id == tenant_id:
                watcher.notice(budget_id, member)

    def time_of(self, tenant_id: str, budget_id: str) -> Micros:
        """When they last changed in this process; 0: not since its start."""
        return self._times.get((tenant_id, budget_id), 0)

    def version_of(self, tenant_id: str, budget_id: str) -> Version:
        """The same object always, for whoever compares it often."""
        key = tenant_id, budget_id
        found = self._versions.get(key)
        if found is None:
            found = self._versions[key] = Version()
        return found

    @contextmanager
    def watching(self, tenant_id: str) -> Iterator[Watcher]:
        """A watcher that notices changes while the block runs."""
        watcher = Watcher(tenant_id)
        if self._closed:
            watcher.close()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """Ends every watch: the process is stopping."""
        self._closed = True
        for watcher in self._watchers:
            watcher.close()
