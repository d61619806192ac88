"""A message as JSON, for plain webhooks; and the link into the console."""

from __future__ import annotations

import orjson

from services.common.clock import format_rfc3339
from services.notifier.domain.message import Message


def link(console_url: str, message: Message) -> str:
    """The console's page about it; empty where no console is configured."""
    return f"{console_url.rstrip('/')}/{message.page}" if console_url else ""


def body(message: Message, console_url: str) -> bytes:
    """{"id", "kind", "severity", "tenant", "title", "body", "time", "link"}"""
    return orjson.dumps(
        {
            "id": message.event_id,
            "kind": message.kind.value,
            "severity": message.severity.label,
            "tenant": message.tenant_id,
            "title": message.title,
            "body": message.body,
            "time": format_rfc3339(message.event_time),
            "link": link(console_url, message),
        }
    )


def text(message: Message, console_url: str) -> str:
    """The body for people, with tenant and link."""
    lines = [message.body, f"Tenant: {message.tenant_id}"]
    target = link(console_url, message)
    return "\n".join([*lines, target] if target else lines)
