"""The console, wired."""

from __future__ import annotations

from services.common.clock import SystemClock
from services.common.component import Service
from services.common.keyring import KeyRing
from services.console.adapters import GrpcPeers
from services.console.console import Console
from services.console.settings import ConsoleSettings
from services.console.web import site
from services.console.web.sessions import Sessions


def build(settings: ConsoleSettings, keyring: KeyRing) -> Service:
    """REST at /api/v1 and the UI at /, both asking the other services as their caller."""
    clock = SystemClock()
    options = settings.console
    peers = GrpcPeers(settings.peers, settings.grpc.max_message_bytes, settings.auth.service_key.get_secret_value())
    sessions = Sessions(options.storage_secret.get_secret_value(), options.session_hours, clock)
    console = Console(options, keyring, peers, sessions, clock)
    return Service("console", components=peers.channels, web=site.application(console))
