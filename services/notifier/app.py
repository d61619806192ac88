"""The notifier, wired."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from finops.notification.v1 import notification_pb2 as pb
from finops.notification.v1.notification_pb2_grpc import add_NotificationServiceServicer_to_server

from services.common.clickhouse import ClickHouse
from services.common.clock import HOUR, SECOND, Clock, SystemClock
from services.common.component import GrpcService, Service
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.producer import Producer
from services.common.keyring import KeyRing
from services.common.repeating import Repeating
from services.common.settings import UnusableSettingError
from services.notifier.adapters.changes_table import ChangeTable
from services.notifier.adapters.consumer import TOPICS, EventProcessor
from services.notifier.adapters.deliveries_table import DeliveryTable
from services.notifier.adapters.graveyard import DeadLetterGraveyard
from services.notifier.adapters.metrics import Counting
from services.notifier.adapters.routes_table import RouteTable
from services.notifier.adapters.sealing import Sealer, derived
from services.notifier.adapters.senders.factory import Senders
from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.adapters.servicer import FULL_NAME, NotificationServicer
from services.notifier.domain.delivery import Retry
from services.notifier.domain.letter import Addresses
from services.notifier.domain.links import Grant, Links
from services.notifier.domain.message import Message, Severity
from services.notifier.domain.routing import Receiver, Route, Target
from services.notifier.handlers.alerts import Alerts
from services.notifier.handlers.book import RouteBook
from services.notifier.handlers.definitions import Definitions
from services.notifier.handlers.dispatcher import Dispatcher
from services.notifier.handlers.intake import Intake
from services.notifier.handlers.ports import Sender
from services.notifier.handlers.recorder import Recorder
from services.notifier.handlers.sending import Sending
from services.notifier.handlers.trial import Trial
from services.notifier.settings import Destination, NotifierOptions, NotifierSettings

GROUP = "notifier"
REMIND_SECONDS = 30.0


def build(settings: NotifierSettings, keyring: KeyRing) -> Service:
    """Its parts from its settings.

    Raises:
        UnusableSettingError: a destination's URL is not one Apprise can use.
    """
    options, clock = settings.notifier, SystemClock()
    clickhouse = ClickHouse(settings.clickhouse)
    producer = Producer(settings.kafka, client_id=GROUP)
    dead_letters = DeadLetters(producer, GROUP)
    client = HttpClient(options.send_timeout_seconds, clock)
    factory = Senders(client, options, clock, Guard(options.allow_private_receivers))
    unguarded = Senders(client, options, clock, Guard(allow_private=True))
    links = Links(_keys(settings, "links"))
    store = RouteTable(clickhouse, Sealer(_keys(settings, "secrets of routes")))
    changes, deliveries, counting = ChangeTable(clickhouse), DeliveryTable(clickhouse), Counting()

    book = RouteBook(store, factory, [_route(d) for d in options.destinations], _own(options, unguarded))
    retry = Retry(
        options.max_attempts, round(options.backoff_seconds * SECOND), round(options.max_backoff_seconds * SECOND)
    )
    addresses = _addresses(options, links, clock)
    sending = Sending(book, deliveries, DeadLetterGraveyard(dead_letters), addresses, retry, clock)
    dispatcher = Dispatcher(
        book, deliveries, sending, counting, clock,
        poll_seconds=options.poll_seconds, drain_seconds=options.send_timeout_seconds + 5,
    )  # fmt: skip
    recorder = Recorder(changes, deliveries, dispatcher, counting, clock)
    intake = Intake(book, changes, deliveries, recorder, clock, round(options.max_age_hours * HOUR))
    alerts = Alerts(book, changes, deliveries, recorder, links, clock)
    definitions = Definitions(store, factory, clock)
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=TOPICS,
        processor=EventProcessor(settings.kafka, intake, dispatcher),
        dead_letters=dead_letters,
    )
    servicer = NotificationServicer(definitions, alerts, Trial(definitions, factory, addresses, clock))
    return Service(
        name=GROUP,
        components=[
            clickhouse,
            producer,
            client,
            dispatcher,
            Repeating("reminders of snoozed alerts", alerts.remind, seconds=REMIND_SECONDS),
            consumer,
        ],
        grpc=[GrpcService(FULL_NAME, servicer, add_NotificationServiceServicer_to_server)],
        migrations=["services.notifier.migrations"],
    )


def _keys(settings: NotifierSettings, purpose: str) -> Mapping[str, bytes]:
    """By id; the first one is used, the others are still understood."""
    own = {name: key.get_secret_value() for name, key in settings.notifier.secret_keys.items()}
    service_key = settings.auth.service_key.get_secret_value()
    return {name: derived(secret, purpose) for name, secret in {**own, "service": service_key}.items() if secret}


def _addresses(options: NotifierOptions, links: Links, clock: Clock) -> Addresses:
    console, lifetime = options.console_url.rstrip("/"), round(options.link_hours * HOUR)

    def act(message: Message, destination: str) -> str:
        token = links.token(Grant(message.tenant_id, message.alert_id, destination, clock.now() + lifetime))
        return f"{console}/alerts/act?token={quote(token)}" if console and token else ""

    return Addresses(lambda message: f"{console}/{message.page}" if console else "", act)


def _own(options: NotifierOptions, factory: Senders) -> Mapping[str, Sender]:
    """The ways to the settings' destinations."""
    found: dict[str, Sender] = {}
    for number, destination in enumerate(options.destinations):
        try:
            found[destination.name] = factory.of(_receiver(destination))
        except ValueError as error:
            raise UnusableSettingError("notifier.destinations", f"{number} ({destination.name}): {error}") from None
    return found


def _receiver(destination: Destination) -> pb.Receiver:
    url = destination.url.get_secret_value()
    if _target(destination) is Target.WEBHOOK:
        return pb.Receiver(webhook=pb.Webhook(url=url, secret=destination.secret.get_secret_value()))
    return pb.Receiver(apprise=pb.Apprise(url=url))


def _target(destination: Destination) -> Target:
    plain = destination.url.get_secret_value().lower().startswith(("http://", "https://"))
    return Target.WEBHOOK if plain else Target.APPRISE


def _route(destination: Destination) -> Route:
    return Route(
        receivers=(Receiver(destination.name, _target(destination)),),
        kinds=frozenset(destination.kinds),
        tenants=frozenset(destination.tenants),
        min_severity=Severity[destination.min_severity.upper()],
        continues=True,
    )
