"""Alerts and routes that tests of the console begin with."""

from __future__ import annotations

from services.common.clock import HOUR
from services.notifier.domain import budgets
from services.notifier.domain.message import Message
from tests.e2e.console_backend import Running
from tests.unit.notifier.samples import budget_alert

HOOK = {"webhook": {"url": "https://hooks.example.com/x?token=1", "secret": "s3cret"}}


async def told(running: Running, event_id: str, percent: int = 80) -> Message:
    now = running.world.notifier.world.clock.now()
    alert = budget_alert(event_id, percent, at=now)
    alert.period_end_unix_micros = now + HOUR
    message = budgets.message(alert)
    assert message is not None
    await running.world.notifier.take(message)
    return message
