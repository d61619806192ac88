"""The connectors, wired."""

from __future__ import annotations

from services.common.clickhouse import ClickHouse
from services.common.clock import Clock, SystemClock
from services.common.component import Service
from services.common.keyring import KeyRing
from services.connectors.adapters.connections import PollerConnections, Secrets
from services.connectors.adapters.group import PollerGroup
from services.connectors.adapters.poll_metrics import PollMetrics
from services.connectors.adapters.poll_tables import CheckpointTable, RejectionTable
from services.connectors.adapters.secrets import SecretSource
from services.connectors.adapters.source_api import Limits
from services.connectors.handlers.poll import Poll
from services.connectors.handlers.pollers import Pollers
from services.connectors.settings import ConnectorOptions, ConnectorsSettings, PollerOptions


def build(settings: ConnectorsSettings, keyring: KeyRing) -> Service:
    """Its parts from its settings."""
    clock = SystemClock()
    clickhouse = ClickHouse(settings.clickhouse)
    observer = PollMetrics(clock)
    ends = connections(settings.connectors, clock)
    checkpoints, rejections = CheckpointTable(clickhouse), RejectionTable(clickhouse)
    pollers = Pollers(
        [Poll(entry.poller(), ends, checkpoints, rejections, observer, clock) for entry in settings.connectors.pollers],
        observer,
    )
    return Service(
        name="connectors",
        components=[clickhouse, pollers, PollerGroup(settings.kafka, pollers)],
        migrations=["services.connectors.migrations"],
    )


def connections(options: ConnectorOptions, clock: Clock) -> PollerConnections:
    """To the sources of the configured pollers, and to ingest."""
    limits = Limits(
        patience_seconds=options.patience_seconds,
        timeout_seconds=options.request_timeout_seconds,
        max_answer_bytes=options.max_answer_bytes,
    )
    secrets = {entry.name: _secrets(entry) for entry in options.pollers}
    return PollerConnections(options.ingest_url, secrets, clock, limits)


def _secrets(entry: PollerOptions) -> Secrets:
    return Secrets(
        source=SecretSource(f"the secret of poller {entry.name!r}", entry.secret_file, entry.secret_env),
        api_key=SecretSource(f"the API key of poller {entry.name!r}", entry.api_key_file, entry.api_key_env),
    )
