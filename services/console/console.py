"""What REST and the UI are given."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.common.clock import Clock
from services.common.keyring import KeyRing
from services.console.domain.periods import zone
from services.console.handlers.peers import Peers
from services.console.settings import ConsoleOptions
from services.console.web.sessions import Sessions


@dataclass(frozen=True)
class Console:
    """One running console."""

    options: ConsoleOptions
    keyring: KeyRing
    peers: Peers
    sessions: Sessions
    clock: Clock

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of days and months where a request names none."""
        return zone(self.options.time_zone)
