"""What one message says: one event, or several in one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.common.clock import format_rfc3339
from services.notifier.domain.message import Message, Severity, Transition
from services.notifier.domain.plan import Bundle
from services.notifier.domain.routing import Route
from services.notifier.domain.template import LABEL

_LISTED = 50
"""More than that in one message are only counted."""


@dataclass(frozen=True)
class Letter:
    """A message, ready to be sent."""

    key: str
    """The same at every attempt, for receivers that deduplicate."""
    title: str
    body: str
    severity: Severity
    messages: tuple[Message, ...]
    link: str = ""
    """The console's page; empty where no console is configured."""
    act_link: str = ""
    """Where it can be acknowledged, snoozed and resolved without a key; empty: nowhere."""

    @property
    def message(self) -> Message:
        """The only one, or the first."""
        return self.messages[0]

    @property
    def thread(self) -> str:
        """Names the alert at receivers that keep incidents."""
        return self.message.alert_id

    def text(self) -> str:
        """Body and links, for receivers of plain text."""
        act = f"Acknowledge, snooze or resolve: {self.act_link}" if self.act_link else ""
        return "\n".join(filter(None, (self.body, self.link, act)))


@dataclass(frozen=True)
class Addresses:
    """Where a message's links lead."""

    console: Callable[[Message], str]
    act: Callable[[Message, str], str]
    """Of a message to a destination."""


def compose(bundle: Bundle, route: Route, addresses: Addresses) -> Letter:
    """The message a bundle becomes."""
    messages = tuple(delivery.message for delivery in bundle.deliveries)
    if len(messages) > 1:
        return _several(bundle.key, messages, route, addresses)
    [message] = messages
    link = addresses.console(message)
    act = addresses.act(message, bundle.deliveries[0].destination) if _can_be_acted_on(message) else ""
    values = fields(message, link, act)
    title = route.title.render(values) if route.title else message.title
    body = route.body.render(values) if route.body else plain(message)
    return Letter(bundle.key, " ".join(title.split()) or message.title, body, message.severity, messages, link, act)


def plain(message: Message) -> str:
    """The product's own words, without links."""
    facts = (f"{fact.name}: {fact.value}" for fact in message.facts)
    return "\n".join(filter(None, (message.body, *facts, message.advice, f"Tenant: {message.tenant_id}")))


def fields(message: Message, link: str, act_link: str) -> dict[str, str]:
    """What a template may say."""
    return {
        **{LABEL + name: value for name, value in message.labels.items()},
        **message.figures,
        "title": message.title,
        "body": message.body,
        "facts": "\n".join(f"{fact.name}: {fact.value}" for fact in message.facts),
        "advice": message.advice,
        "kind": message.kind.value,
        "event": message.event,
        "severity": message.severity.label,
        "transition": message.transition.value,
        "tenant": message.tenant_id,
        "team": message.team,
        "subject": message.subject,
        "time": format_rfc3339(message.event_time),
        "link": link,
        "act_link": act_link,
    }


def _several(key: str, messages: tuple[Message, ...], route: Route, addresses: Addresses) -> Letter:
    worst = max(messages, key=lambda message: message.severity)
    listed = [_listed(message, route, addresses) for message in messages[:_LISTED]]
    if len(messages) > _LISTED:
        listed.append(f"and {len(messages) - _LISTED} more: see the console")
    title = f"{len(messages)} messages. The most important: {worst.title}"
    return Letter(key, title, "\n\n".join(listed), worst.severity, messages, addresses.console(worst))


def _listed(message: Message, route: Route, addresses: Addresses) -> str:
    heading = f"[{message.severity.label}] {message.title}"
    if route.body is not None:
        return f"{heading}\n{route.body.render(fields(message, addresses.console(message), ''))}"
    return f"{heading}\n{message.body}"


def _can_be_acted_on(message: Message) -> bool:
    return message.transition in (Transition.FIRED, Transition.UPDATED, Transition.REMINDED)
