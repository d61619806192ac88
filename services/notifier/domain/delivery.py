"""What becomes of a message on its way to one receiver.

    pending -> sending -> sent
                       -> pending (refused; again after a while) -> ... -> failed
                       -> failed (rejected for good)
                       -> pending (nobody knows whether it arrived, and the receiver drops a repetition)
                       -> uncertain (nobody knows whether it arrived; not sent again)
    stale (too old to be sent), suppressed (a later message took its place, or somebody snoozed the alert)

A delivery is marked `sending` before each attempt, together with those that go in the same message. One found so after
a crash may have arrived: a receiver that deduplicates gets it again, for any other it is uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from services.common.clock import HOUR, SECOND, Micros
from services.notifier.domain.message import Message

LONGEST_PAUSE: Micros = HOUR
"""A receiver that asks for more time than this is asked again earlier."""


class State(StrEnum):
    """See the module."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    STALE = "stale"
    SUPPRESSED = "suppressed"


OPEN = frozenset({State.PENDING, State.SENDING})


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
    """An outcome and, where it is bad, why; never with the receiver's URL in it."""

    outcome: Outcome
    detail: str = ""
    answer: str = ""
    """What the receiver said, for whoever tests a route."""
    retry_after: Micros = 0
    """How long the receiver asks to be left alone."""


@dataclass(frozen=True)
class Origin:
    """The record of the event; without a topic: a person acted."""

    topic: str = ""
    partition: int = 0
    offset: int = 0
    key: bytes = b""
    value: bytes = b""


NOBODYS_EVENT = Origin()


@dataclass(frozen=True)
class Key:
    """Identifies a delivery: it exists once."""

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
class Delivery:
    """A message on its way to one receiver."""

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
    bundle: str = ""
    """Deliveries of one bundle go in one message, from their first attempt to the last."""

    @property
    def key(self) -> Key:
        """What makes it the same delivery."""
        return Key(self.message.tenant_id, self.message.event_id, self.destination)

    def claimed(self, bundle: str, now: Micros) -> Delivery:
        """Marked before an attempt."""
        return replace(self._become(State.SENDING, now, ""), attempts=self.attempts + 1, bundle=bundle)

    def unclaimed(self, now: Micros, due: Micros) -> Delivery:
        """After a claim that may not have been stored; nothing was sent."""
        return replace(self._become(State.PENDING, now, ""), attempts=self.attempts - 1, next_attempt=due)

    def after(self, attempt: Attempt, retry: Retry, repeatable: bool, now: Micros) -> Delivery:
        """Marked after an attempt. `repeatable`: the receiver drops a repetition."""
        match attempt.outcome:
            case Outcome.DELIVERED:
                return self._become(State.SENT, now, "")
            case Outcome.UNCERTAIN if not repeatable:
                return self._become(State.UNCERTAIN, now, attempt.detail)
            case Outcome.REFUSED | Outcome.UNCERTAIN if self.attempts < retry.max_attempts:
                wait = max(retry.backoff(self.attempts), min(attempt.retry_after, LONGEST_PAUSE))
                return replace(self._become(State.PENDING, now, attempt.detail), next_attempt=now + wait)
            case _:
                return self._become(State.FAILED, now, attempt.detail)

    def interrupted(self, repeatable: bool, now: Micros) -> Delivery:
        """Found in `sending` with nobody sending it. `repeatable`: the receiver drops a repetition."""
        why = "the notifier ended while it was being sent"
        if repeatable:
            return replace(self._become(State.PENDING, now, why), next_attempt=now)
        return self._become(State.UNCERTAIN, now, why)

    def abandoned(self, now: Micros, why: str) -> Delivery:
        """Given up without an attempt."""
        return self._become(State.FAILED, now, why)

    def suppressed(self, now: Micros, why: str) -> Delivery:
        """Not sent, because there is no need."""
        return self._become(State.SUPPRESSED, now, why)

    def _become(self, state: State, now: Micros, detail: str) -> Delivery:
        return replace(self, state=state, detail=detail, updated=max(now, self.updated + 1))


def fresh(message: Message, destination: str, origin: Origin, now: Micros, max_age: Micros) -> Delivery:
    """A new delivery: to be sent, or stale where its event is older than `max_age`."""
    age = now - message.event_time
    stale = age > max_age
    return Delivery(
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
