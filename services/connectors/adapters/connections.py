"""Opens a poller's two ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from services.common.clock import Clock
from services.connectors.adapters import poll_metrics
from services.connectors.adapters.ingest_client import IngestClient, IngestRefusedError
from services.connectors.adapters.secrets import SecretSource
from services.connectors.adapters.source_api import HttpApi, Limits
from services.connectors.domain.event import Event
from services.connectors.domain.poller import Poller
from services.connectors.domain.rate_limit import TokenBucket
from services.connectors.handlers.poll_ports import ConfigurationError, DatedApi, Refused, Sink


@dataclass(frozen=True)
class Secrets:
    """Of a poller."""

    source: SecretSource
    api_key: SecretSource
    """Of ours: its tenant owns the events."""


class PollerConnections:
    """Reads the secrets each time."""

    def __init__(
        self, ingest_url: str, secrets: Mapping[str, Secrets], clock: Clock, limits: Limits | None = None
    ) -> None:
        """
        Args:
            ingest_url: http://host:8080.
            secrets: by the poller's name.
            clock: ours.
            limits: of a request to a source.
        """
        self._ingest_url = ingest_url
        self._secrets = secrets
        self._clock = clock
        self._limits = limits or Limits()
        self._buckets: dict[str, TokenBucket] = {}

    @asynccontextmanager
    async def source(self, poller: Poller) -> AsyncIterator[DatedApi]:
        needed = poller.connector.needs_secret
        secret = self._secrets[poller.name].source.read() if needed else SecretStr("")
        bucket = self._buckets.setdefault(poller.name, TokenBucket(poller.requests_per_minute))
        async with HttpApi(
            poller.base_url,
            poller.connector.headers(secret.get_secret_value()),
            bucket,
            self._clock,
            limits=self._limits,
            answered=lambda status: poll_metrics.REQUESTS.labels(poller.name, status).inc(),
        ) as api:
            yield api

    @asynccontextmanager
    async def sink(self, poller: Poller) -> AsyncIterator[Sink]:
        key = self._secrets[poller.name].api_key.read()
        async with IngestClient(
            self._ingest_url, key.get_secret_value(), patience_seconds=self._limits.patience_seconds
        ) as client:
            yield _IngestSink(client)


class _IngestSink:
    def __init__(self, client: IngestClient) -> None:
        self._client = client

    async def send(self, events: Sequence[Event]) -> Sequence[Refused]:
        try:
            receipt = await self._client.send(events)
        except IngestRefusedError as error:
            raise ConfigurationError(str(error)) from None
        return [
            Refused(events[rejection.index]["id"], rejection.code, rejection.message, events[rejection.index])
            for rejection in receipt.rejected
        ]
