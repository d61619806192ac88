"""Sends uses: native events in full batches, the others each to the endpoint that speaks their format."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.demo import wire
from services.demo.client import Client
from services.demo.seats import SeatDay
from services.demo.traffic import Use
from services.demo.wire import Json
from services.demo.workloads import Route

BATCH = 500
"""Events in one native request."""

_WORKERS = 3


@dataclass
class Tally:
    """What the server said so far."""

    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """How often each message came with a rejected event."""


class Sender:
    """Takes events in the order of time and sends them, a few requests at once.

    An async context manager that ends by sending what is left.
    """

    def __init__(self, client: Client, on_sent: Callable[[int], None] = lambda _: None) -> None:
        self._client = client
        self._on_sent = on_sent
        self._native: list[Json] = []
        self._litellm: list[Json] = []
        self._queue: asyncio.Queue[tuple[Route, Json | list[Json], dict[str, str], int]] = asyncio.Queue(_WORKERS)
        self._workers: list[asyncio.Task[None]] = []
        self.tally = Tally()

    async def __aenter__(self) -> Sender:
        self._workers = [asyncio.create_task(self._work()) for _ in range(_WORKERS)]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                await self.flush()
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)

    async def send(self, events: Sequence[Use | SeatDay]) -> None:
        """Sends, or keeps for a fuller batch."""
        for event in events:
            if isinstance(event, SeatDay):
                self._native.append(wire.native_seat(event))
            else:
                await self._route(event)
            if len(self._native) >= BATCH:
                await self._flush_native()
            if len(self._litellm) >= BATCH:
                await self._flush_litellm()

    async def flush(self) -> None:
        """Sends everything kept and waits until all of it is answered.

        Raises:
            DemoError: the server is away, or refuses.
        """
        await self._flush_native()
        await self._flush_litellm()
        done = asyncio.create_task(self._queue.join())
        await asyncio.wait([done, *self._workers], return_when=asyncio.FIRST_COMPLETED)
        self._raise_failure()
        await done

    async def _route(self, use: Use) -> None:
        match use.workload.route:
            case Route.OPENAI:
                await self._put(Route.OPENAI, wire.openai(use), dict(wire.attribution(use)), 1)
            case Route.ANTHROPIC:
                await self._put(Route.ANTHROPIC, wire.anthropic(use), dict(wire.attribution(use)), 1)
            case Route.LITELLM:
                self._litellm.append(wire.litellm(use))
            case _:
                self._native.append(wire.native(use))

    async def _flush_native(self) -> None:
        events, self._native = self._native, []
        if events:
            await self._put(Route.NATIVE, events, {}, len(events))

    async def _flush_litellm(self) -> None:
        records, self._litellm = self._litellm, []
        if records:
            await self._put(Route.LITELLM, records, {}, len(records))

    async def _put(self, route: Route, body: Json | list[Json], headers: dict[str, str], count: int) -> None:
        while True:
            self._raise_failure()
            try:
                async with asyncio.timeout(1):
                    await self._queue.put((route, body, headers, count))
                return
            except TimeoutError:
                continue

    def _raise_failure(self) -> None:
        for worker in self._workers:
            if worker.done() and not worker.cancelled() and worker.exception() is not None:
                worker.result()

    async def _work(self) -> None:
        while True:
            route, body, headers, count = await self._queue.get()
            answer = await self._client.post(route.value, body, headers=headers, allowed=frozenset({422}))
            rejected = answer.body.get("rejected", []) if isinstance(answer.body, dict) else []
            self.tally.accepted += int(answer.body.get("accepted", 0)) if isinstance(answer.body, dict) else 0
            self.tally.rejected += len(rejected)
            for item in rejected:
                message = str(item.get("message", ""))
                self.tally.reasons[message] = self.tally.reasons.get(message, 0) + 1
            self._on_sent(count)
            self._queue.task_done()
