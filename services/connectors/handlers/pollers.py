"""The pollers of this replica: those that fall to it, each at its interval, until they fall to another."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.log import get_logger
from services.connectors.domain import schedule
from services.connectors.domain.connector import SourceRefusedError
from services.connectors.handlers.poll import Poll, Tally
from services.connectors.handlers.poll_ports import ConfigurationError, Lease, LeaseLostError, Observer

log = get_logger(__name__)


@dataclass
class _Standing:
    """How a poller fares."""

    failures: int = 0
    trouble: str = ""
    rejected: str = ""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Pollers:
    """Runs them. A component; whoever shares them out among replicas calls `take` and `release`."""

    def __init__(self, polls: Sequence[Poll], observer: Observer) -> None:
        self.name = "pollers"
        self._polls = polls
        self._observer = observer
        self._running: dict[str, _Standing] = {}

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        await self.release()

    def health(self) -> Health:
        """Ready whatever sources do: what one of them refuses is told, and harms no other."""
        notes = [
            f"{name}: {note}"
            for name, standing in sorted(self._running.items())
            for note in (standing.trouble, standing.rejected)
            if note
        ]
        return Health(ready=True, detail="; ".join(notes))

    async def take(self, mine: frozenset[int], shares: int, lease: Lease) -> None:
        """Starts those whose share is mine."""
        await self.release()
        for poll in self._polls:
            if schedule.share_of(poll.poller.name, shares) in mine:
                poll.taken_over()
                standing = self._running[poll.poller.name] = _Standing()
                standing.tasks.append(asyncio.create_task(self._forever(poll, lease, standing)))
        log.info("polling", pollers=sorted(self._running))

    async def release(self) -> None:
        """Returns once none of them runs. What was cut short is read again from its checkpoint."""
        tasks = [task for standing in self._running.values() for task in standing.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for poll in self._polls:
            if self._running.pop(poll.poller.name, None) is not None:
                self._observer.released(poll.poller)

    async def _forever(self, poll: Poll, lease: Lease, standing: _Standing) -> None:
        pause = await self._attempt(self._until_due(poll), poll, standing)
        while True:
            await asyncio.sleep(pause.total_seconds())
            pause = await self._attempt(self._poll(poll, lease, standing), poll, standing)

    async def _until_due(self, poll: Poll) -> timedelta:
        checkpoint = await poll.checkpoint()
        polled_at = checkpoint.polled_at if checkpoint is not None else None
        return schedule.until_due(polled_at, poll.now(), poll.poller.interval)

    async def _poll(self, poll: Poll, lease: Lease, standing: _Standing) -> timedelta:
        lease.check()
        tally = await poll.run(lease)
        standing.rejected = _rejected(tally)
        return poll.poller.interval

    async def _attempt(self, work: Awaitable[timedelta], poll: Poll, standing: _Standing) -> timedelta:
        """Does the work, and says how long to wait then."""
        wait = timedelta(0)
        try:
            pause = await work
        except SourceRefusedError as error:
            reason, detail = "refused by the source", str(error)
        except ConfigurationError as error:
            reason, detail = "configuration", str(error)
        except UnavailableError as error:
            reason, detail = "unavailable", str(error)
            wait = timedelta(seconds=error.retry_after_seconds or 0)
        except LeaseLostError as error:
            reason, detail = "lease lost", str(error)
        except Exception as error:
            # Without its traceback's values, which may hold secrets or what the source said.
            reason, detail = "fault", f"{type(error).__name__} at {_where(error)}: this is a fault of the connector"
        else:
            standing.failures, standing.trouble = 0, ""
            return pause
        standing.failures += 1
        standing.trouble = f"{reason}: {detail}"
        self._observer.failed(poll.poller, reason, detail)
        return max(wait, schedule.after_failure(standing.failures, poll.poller.interval, random.random))


def _rejected(tally: Tally) -> str:
    if not tally.refused:
        return ""
    first = tally.refused[0]
    return f"{len(tally.refused)} rows of the last poll were rejected, the first {first.event_id}: {first.message}"


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
