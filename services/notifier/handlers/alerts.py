"""What people ask and do about alerts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.common.clock import DAY, Clock, Micros
from services.common.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, UnauthenticatedError
from services.common.paging import Listing, page_size
from services.notifier.domain import delivery, telling
from services.notifier.domain.alert import STATES, Alert, AlertState, Change, fold
from services.notifier.domain.delivery import NOBODYS_EVENT, Delivery
from services.notifier.domain.links import Grant, LinkError, Links
from services.notifier.domain.message import Transition
from services.notifier.domain.telling import Telling
from services.notifier.handlers.book import RouteBook
from services.notifier.handlers.ports import AlertPosition, Changes, Deliveries
from services.notifier.handlers.recorder import Recorder

NAME_PREFIX = "notifications/"
LONGEST_SNOOZE: Micros = 30 * DAY
MAX_COMMENT = 1_000


class Cursor(NamedTuple):
    """Where a page of alerts ends."""

    created: int
    alert_id: str


@dataclass(frozen=True)
class Act:
    """What somebody wants done."""

    transition: Transition
    actor: str
    comment: str = ""
    until: Micros = 0


@dataclass(frozen=True)
class Detail:
    """An alert with all that happened to it."""

    alert: Alert
    changes: Sequence[Change] = ()
    deliveries: Sequence[Delivery] = ()


class Alerts:
    """Listing, and the acts of people: by API and by link."""

    def __init__(
        self,
        book: RouteBook,
        changes: Changes,
        deliveries: Deliveries,
        recorder: Recorder,
        links: Links,
        clock: Clock,
    ) -> None:
        self._book = book
        self._changes = changes
        self._deliveries = deliveries
        self._recorder = recorder
        self._links = links
        self._clock = clock

    async def page(
        self, tenant_id: str, state: AlertState | None, requested_size: int, page_token: str
    ) -> tuple[Sequence[Alert], str]:
        """Alerts, newest first, and the next page's token.

        Raises:
            InvalidArgumentError, UnavailableError
        """
        size = page_size(requested_size)
        listing = Listing(Cursor, "notifications", tenant_id, state)
        cursor = listing.after(page_token)
        before = AlertPosition(*cursor) if cursor is not None else None
        now = self._clock.now()
        found = await self._changes.page(tenant_id, state, before, size + 1, now)
        positions, token = listing.page(found, size, lambda position: Cursor(position.created, position.alert_id))
        changes = await self._changes.of_alerts([(tenant_id, position.alert_id) for position in positions])
        alerts = (fold(changes.get((tenant_id, position.alert_id), ()), now) for position in positions)
        return [alert for alert in alerts if alert is not None], token

    async def get(self, tenant_id: str, name: str) -> Detail:
        """Raises InvalidArgumentError, NotFoundError, UnavailableError."""
        alert, changes = await self._found(tenant_id, _id_of(name))
        return Detail(alert, changes, await self._deliveries.of_alert(tenant_id, alert.message.alert_id))

    async def act(self, tenant_id: str, name: str, act: Act) -> Alert:
        """Does it; what has no effect changes nothing and tells nobody.

        Raises:
            InvalidArgumentError, NotFoundError, UnavailableError
            FailedPreconditionError: the alert is resolved already.
        """
        alert_id = _id_of(name)
        now = self._clock.now()
        _check(act, now)
        alert, changes = await self._found(tenant_id, alert_id)
        wanted = STATES[act.transition]
        if alert.state is wanted and alert.snoozed_until == act.until:
            return alert
        if not alert.open:
            raise FailedPreconditionError(f"{name} is resolved: there is nothing to acknowledge or snooze")
        change = Change(
            tenant_id, alert_id, uuid.uuid4().hex, act.transition, self._recorder.next_moment(), None,
            act.actor, act.comment, act.until,
        )  # fmt: skip
        routes = await self._book.routes()
        told = (await self._deliveries.told([(tenant_id, alert_id)])).get((tenant_id, alert_id), set())
        telling_ = telling.of_person(telling.act(alert, change), routes, told)
        await self._recorder.record([change], _deliveries(telling_, now))
        after = fold([*changes, change], now)
        assert after is not None
        return after

    async def linked(self, token: str) -> Alert:
        """What a link is about.

        Raises:
            UnauthenticatedError: not a link of ours, or one that expired.
            NotFoundError, UnavailableError
        """
        grant = self._grant(token)
        return (await self._found(grant.tenant_id, grant.alert_id))[0]

    async def act_by_link(self, token: str, transition: Transition, until: Micros) -> Alert:
        """Raises as `linked` and `act` do."""
        grant = self._grant(token)
        act = Act(transition, f"link to {grant.receiver}", until=until)
        return await self.act(grant.tenant_id, NAME_PREFIX + grant.alert_id, act)

    async def remind(self) -> None:
        """Tells again of alerts whose snooze ran out while they went on.

        Raises:
            UnavailableError
        """
        now = self._clock.now()
        over = {f"reminded/{change_id}": key for key, change_id in await self._changes.snoozes_over(now)}
        known = await self._changes.known(over) if over else set()
        routes = await self._book.routes() if over else None
        for change_id, (tenant_id, alert_id) in over.items():
            if routes is None or (tenant_id, change_id) in known:
                continue
            alert, _ = await self._found(tenant_id, alert_id)
            message = telling.reminder(alert, change_id, now)
            change = Change(
                tenant_id, alert_id, change_id, message.transition, self._recorder.next_moment(), message
            )  # fmt: skip
            told = Telling(message, tuple(routes.receivers(message)))
            await self._recorder.record([change], _deliveries(told, now))

    async def _found(self, tenant_id: str, alert_id: str) -> tuple[Alert, Sequence[Change]]:
        key = (tenant_id, alert_id)
        changes = (await self._changes.of_alerts([key])).get(key, ())
        alert = fold(changes, self._clock.now())
        if alert is None:
            raise NotFoundError(f"no alert {NAME_PREFIX}{alert_id}")
        return alert, sorted(changes, key=lambda change: (change.at, change.change_id))

    def _grant(self, token: str) -> Grant:
        try:
            return self._links.read(token, self._clock.now())
        except LinkError as error:
            raise UnauthenticatedError(str(error)) from None


def _check(act: Act, now: Micros) -> None:
    if len(act.comment) > MAX_COMMENT:
        raise InvalidArgumentError.of("comment", f"at most {MAX_COMMENT:,} characters")
    if act.transition is Transition.SNOOZED and not now < act.until <= now + LONGEST_SNOOZE:
        raise InvalidArgumentError.of("until_unix_micros", "must lie in the future, and at most 30 days ahead")


def _deliveries(told: Telling, now: Micros) -> list[Delivery]:
    return [
        delivery.fresh(told.message, receiver.destination, NOBODYS_EVENT, now, LONGEST_SNOOZE)
        for receiver in told.receivers
    ]


def _id_of(name: str) -> str:
    if not name.startswith(NAME_PREFIX) or len(name) > 100:
        raise InvalidArgumentError.of("name", f"must read {NAME_PREFIX}{{notification}}, not {name[:80]!r}")
    return name.removeprefix(NAME_PREFIX)
