"""A real message to the receivers of a route, to see what they answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from finops.notification.v1 import notification_pb2 as pb

from services.common.clock import Clock, Micros
from services.common.errors import NotFoundError
from services.notifier.domain import delivery, rules
from services.notifier.domain.delivery import NOBODYS_EVENT, Attempt, Outcome
from services.notifier.domain.letter import Addresses, compose
from services.notifier.domain.message import Kind, Message, Severity, Transition
from services.notifier.domain.plan import Bundle
from services.notifier.domain.routing import Route, Target
from services.notifier.handlers.definitions import Definitions
from services.notifier.handlers.ports import Sender, SenderFactory

_MOST = 500


@dataclass(frozen=True)
class Result:
    """What became of one receiver's message."""

    receiver_id: str
    attempt: Attempt
    duration: Micros

    @property
    def answer(self) -> str:
        """What to show."""
        said = self.attempt.answer or self.attempt.detail
        return said[:_MOST]


class Trial:
    """Sends past quiet hours, digests and groups, and records nothing."""

    def __init__(self, definitions: Definitions, factory: SenderFactory, addresses: Addresses, clock: Clock) -> None:
        self._definitions = definitions
        self._factory = factory
        self._addresses = addresses
        self._clock = clock

    async def test(self, tenant_id: str, name: str, receiver_id: str, actor: str) -> Sequence[Result]:
        """One result for each receiver, or for the one named.

        Raises:
            InvalidArgumentError, NotFoundError, UnavailableError
        """
        definition = await self._definitions.complete(tenant_id, name)
        wanted = [r for r in definition.receivers if receiver_id in ("", r.id)]
        if not wanted:
            raise NotFoundError(f"{name} has no receiver {receiver_id!r}")
        route = rules.compiled(tenant_id, definition)
        message = self._message(tenant_id, definition, actor)
        return await asyncio.gather(*(self._one(receiver, route, message) for receiver in wanted))

    async def _one(self, receiver: pb.Receiver, route: Route, message: Message) -> Result:
        started = self._clock.now()
        try:
            sender = self._factory.of(receiver)
        except ValueError as error:
            return Result(receiver.id, Attempt(Outcome.REJECTED, str(error)), 0)
        threaded = Target(receiver.WhichOneof("target") or "").threaded
        if threaded:
            message = replace(message, transition=Transition.FIRED)
        attempt = await self._send(sender, receiver.id, route, message)
        if threaded and attempt.outcome is Outcome.DELIVERED:
            # An incident that was opened for a test is closed again.
            over = replace(message, transition=Transition.RESOLVED, event_id=f"{message.event_id}/over")
            attempt = await self._send(sender, receiver.id, route, over)
        return Result(receiver.id, attempt, self._clock.now() - started)

    async def _send(self, sender: Sender, destination: str, route: Route, message: Message) -> Attempt:
        now = self._clock.now()
        made = delivery.fresh(message, destination, NOBODYS_EVENT, now, now)
        return await sender.send(compose(Bundle((made,), now), route, self._addresses))

    def _message(self, tenant_id: str, definition: pb.Route, actor: str) -> Message:
        named = definition.display_name or definition.name
        event_id = f"test/{uuid.uuid4().hex}"
        return Message(
            tenant_id=tenant_id,
            event_id=event_id,
            kind=Kind.BUDGET,
            severity=Severity.INFO,
            title=f"Test of the route {named}",
            body=f"{actor} tests this route. Nothing happened, and nothing needs to be done.",
            event_time=self._clock.now(),
            page="",
            event="test",
            transition=Transition.NOTED,
            thread=event_id,
            subject=definition.name,
        )
