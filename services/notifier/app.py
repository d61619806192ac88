"""The notifier, wired."""

from __future__ import annotations

import httpx

from services.common.clickhouse import ClickHouse
from services.common.clock import HOUR, SECOND, Clock, SystemClock
from services.common.component import Service
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.producer import Producer
from services.common.keyring import KeyRing
from services.notifier.adapters.apprise_sender import AppriseSender
from services.notifier.adapters.consumer import TOPICS, EventProcessor
from services.notifier.adapters.graveyard import DeadLetterGraveyard
from services.notifier.adapters.http_client import HttpClient
from services.notifier.adapters.metrics import Counting
from services.notifier.adapters.table import NotificationTable
from services.notifier.adapters.webhook import Webhook
from services.notifier.domain.delivery import Retry
from services.notifier.domain.message import Kind, Severity
from services.notifier.domain.routing import Route
from services.notifier.handlers.courier import Courier
from services.notifier.handlers.intake import Intake
from services.notifier.handlers.ports import Sender
from services.notifier.settings import Destination, NotifierOptions, NotifierSettings

GROUP = "notifier"


def build(settings: NotifierSettings, keyring: KeyRing) -> Service:
    """Its parts from its settings.

    Raises:
        UnusableDestinationError: a destination's URL is not one Apprise can use.
    """
    options = settings.notifier
    clock = SystemClock()
    clickhouse = ClickHouse(settings.clickhouse)
    producer = Producer(settings.kafka, client_id=GROUP)
    dead_letters = DeadLetters(producer, GROUP)
    client = HttpClient()
    store, counting = NotificationTable(clickhouse), Counting()
    courier = Courier(
        {d.name: _sender(d, options, client.client, clock) for d in options.destinations},
        store,
        DeadLetterGraveyard(dead_letters),
        counting,
        Retry(options.max_attempts, int(options.backoff_seconds * SECOND), int(options.max_backoff_seconds * SECOND)),
        clock,
        drain_seconds=options.send_timeout_seconds + 5,
    )
    routes = [_route(destination) for destination in options.destinations]
    intake = Intake(routes, store, courier, counting, clock, int(options.max_age_hours * HOUR))
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=TOPICS,
        processor=EventProcessor(settings.kafka, intake, courier),
        dead_letters=dead_letters,
    )
    return Service(
        name=GROUP,
        components=[clickhouse, producer, client, courier, consumer],
        migrations=["services.notifier.migrations"],
    )


def _sender(destination: Destination, options: NotifierOptions, client: httpx.AsyncClient, clock: Clock) -> Sender:
    url = destination.url.get_secret_value()
    timeout = options.send_timeout_seconds
    if url.lower().startswith(("http://", "https://")):
        return Webhook(client, url, destination.secret.get_secret_value(), options.console_url, timeout, clock)
    return AppriseSender(destination.name, url, options.console_url, timeout)


def _route(destination: Destination) -> Route:
    return Route(
        destination=destination.name,
        kinds=frozenset(Kind(kind) for kind in destination.kinds),
        tenants=frozenset(destination.tenants),
        min_severity=Severity[destination.min_severity.upper()],
    )
