"""What becomes of a message on its way to one destination.

    pending -> sending -> sent
                       -> pending (refused; again after a while) -> ... -> failed
                       -> failed (rejected for good)
                       -> uncertain (nobody knows whether it arrived; not sent again)
    stale (too old to be sent)

A message is marked `sending` before each attempt. One that is found so after a crash may have arrived: it is uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from services.common.clock import SECOND, Micros
from services.notifier.domain.message import Message


class State(StrEnum):
    """See the module."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    STALE = "stale"


class Outcome(StrEnum):
    """What one attempt came to."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """Not taken, for now."""
    REJECTED = "rejected"
    """Not taken, and never will be."""
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Attempt:
    """An outcome and, where it is bad, why; never with the destination's URL in it."""

    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Origin:
    """The record of the event."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes


@dataclass(frozen=True)
class Key:
    """Identifies a notification: it exists once."""

    tenant_id: str
    event_id: str
    destination: str


@dataclass(frozen=True)
class Retry:
    """How often, and after how long."""

    max_attempts: int
    first_backoff: Micros
    max_backoff: Micros

    def backoff(self, attempts: int) -> Micros:
        """Time to wait after so many attempts: doubles with each, up to the most."""
        return min(self.max_backoff, self.first_backoff << min(attempts - 1, 40))


@dataclass(frozen=True)
class Notification:
    """A message on its way to one destination."""

    message: Message
    destination: str
    origin: Origin
    state: State
    attempts: int
    next_attempt: Micros
    detail: str
    created: Micros
    updated: Micros
    """Rises with every change."""

    @property
    def key(self) -> Key:
        """What makes it the same notification."""
        return Key(self.message.tenant_id, self.message.event_id, self.destination)

    def claimed(self, now: Micros) -> Notification:
        """Marked before an attempt."""
        return self._become(State.SENDING, now, "", attempts=self.attempts + 1)

    def unclaimed(self, now: Micros) -> Notification:
        """After a claim that may not have been stored; nothing was sent."""
        return self._become(State.PENDING, now, "", attempts=self.attempts - 1)

    def after(self, attempt: Attempt, retry: Retry, now: Micros) -> Notification:
        """Marked after an attempt."""
        match attempt.outcome:
            case Outcome.DELIVERED:
                return self._become(State.SENT, now, "")
            case Outcome.UNCERTAIN:
                return self._become(State.UNCERTAIN, now, attempt.detail)
            case Outcome.REFUSED if self.attempts < retry.max_attempts:
                waiting = self._become(State.PENDING, now, attempt.detail)
                return replace(waiting, next_attempt=now + retry.backoff(self.attempts))
            case _:
                return self._become(State.FAILED, now, attempt.detail)

    def interrupted(self, now: Micros) -> Notification:
        """Found in `sending` with nobody sending it."""
        return self._become(State.UNCERTAIN, now, "the notifier ended while it was being sent")

    def abandoned(self, now: Micros, why: str) -> Notification:
        """Given up without an attempt."""
        return self._become(State.FAILED, now, why)

    def _become(self, state: State, now: Micros, detail: str, attempts: int | None = None) -> Notification:
        return replace(
            self,
            state=state,
            attempts=self.attempts if attempts is None else attempts,
            detail=detail,
            updated=max(now, self.updated + 1),
        )


def fresh(message: Message, destination: str, origin: Origin, now: Micros, max_age: Micros) -> Notification:
    """A new notification: to be sent, or stale where its event is older than `max_age`."""
    age = now - message.event_time
    stale = age > max_age
    return Notification(
        message=message,
        destination=destination,
        origin=origin,
        state=State.STALE if stale else State.PENDING,
        attempts=0,
        next_attempt=now,
        detail=f"the event was {age // SECOND} s old" if stale else "",
        created=now,
        updated=now,
    )
