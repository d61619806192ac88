"""The notifier's own use cases, over tables and receivers in memory."""

from __future__ import annotations

from finops.notification.v1 import notification_pb2 as pb

from services.common.clock import HOUR, ManualClock, SystemClock
from services.notifier.adapters.servicer import NotificationServicer
from services.notifier.domain import budgets
from services.notifier.domain.message import Message
from services.notifier.handlers.trial import Trial
from tests.unit.notifier.samples import ADDRESSES, budget_alert
from tests.unit.notifier.world import Places, Process, World


def notifier() -> Process:
    """One that sends nothing by itself."""
    return Process(World(clock=ManualClock(SystemClock().now())))


async def begin(process: Process) -> None:
    """A route, and alerts of two budgets, of tenant `acme`: one to look at, one to end."""
    await process.definitions.create(
        "acme",
        pb.Route(
            display_name="On call",
            match=pb.Match(kinds=["budget"], min_severity=pb.SEVERITY_WARNING),
            receivers=[pb.Receiver(slack=pb.Slack(webhook_url="https://hooks.slack.example/T/B/X"))],
        ),
        "on-call",
    )
    await tell(process, "begun", name="Legal")
    await tell(process, "ending", name="Growth")


async def tell(process: Process, event_id: str, percent: int = 80, name: str = "Search") -> Message:
    """An alert of a budget now."""
    now = process.world.clock.now()
    alert = budget_alert(event_id, percent, at=now)
    alert.budget.name, alert.budget.display_name = f"budgets/{name.lower()}", name
    alert.period_end_unix_micros = now + HOUR
    message = budgets.message(alert)
    assert message is not None
    await process.take(message)
    return message


def servicer_of(process: Process) -> NotificationServicer:
    """Its gRPC face."""
    trial = Trial(process.definitions, Places(process.world), ADDRESSES, process.world.clock)
    return NotificationServicer(process.definitions, process.alerts, trial)
