"""The notifier's own use cases, over tables and receivers in memory."""

from __future__ import annotations

from services.common.clock import ManualClock, SystemClock
from services.notifier.adapters.servicer import NotificationServicer
from services.notifier.handlers.trial import Trial
from tests.unit.notifier.samples import ADDRESSES
from tests.unit.notifier.world import Places, Process, World


def notifier() -> Process:
    """One that sends nothing by itself."""
    return Process(World(clock=ManualClock(SystemClock().now())))


def servicer_of(process: Process) -> NotificationServicer:
    """Its gRPC face."""
    trial = Trial(process.definitions, Places(process.world), ADDRESSES, process.world.clock)
    return NotificationServicer(process.definitions, process.alerts, trial)
