"""Ingest, wired."""

from __future__ import annotations

from services.common.clock import SystemClock
from services.common.component import Component, Service
from services.common.grpc.client import Channel
from services.common.kafka.producer import Producer
from services.common.keyring import KeyRing
from services.common.settings import GrpcSettings
from services.ingest.adapters.delivery import JournalFirst, KafkaFirst
from services.ingest.adapters.http.routes import Endpoints, RequestLimits
from services.ingest.adapters.in_flight import InFlight
from services.ingest.adapters.journal.forwarder import Forwarder
from services.ingest.adapters.journal.journal import Journal, Limits
from services.ingest.adapters.journal.retirement import Retirement
from services.ingest.adapters.ledger import LedgerKeys
from services.ingest.adapters.otlp.grpc import OtlpServer
from services.ingest.adapters.otlp.http import Endpoints as OtlpEndpoints
from services.ingest.adapters.otlp.receiver import Receiver
from services.ingest.adapters.usage_log import UsageLog
from services.ingest.domain.attribution import HeaderMap
from services.ingest.domain.cardinality import TagGuard
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.rate_limit import RateLimit
from services.ingest.handlers import Intake, TimeLimits
from services.ingest.settings import IngestSettings

NAME = "ingest"


def build(settings: IngestSettings, keyring: KeyRing) -> Service:
    """The service."""
    options = settings.ingest
    clock = SystemClock()
    producer = Producer(settings.kafka, client_id=NAME)
    usage_log = UsageLog(producer)
    journal = Journal(
        options.journal_dir,
        Limits(options.journal_max_bytes, options.journal_segment_bytes, options.journal_min_free_bytes),
    )
    forwarder = Forwarder(journal, usage_log, clock, discard_when_sent=options.durability == "kafka")
    components: list[Component] = []
    log: KafkaFirst | JournalFirst
    if options.durability == "kafka":
        log = KafkaFirst(journal, forwarder, producer, usage_log, timeout_seconds=options.kafka_timeout_seconds)
    else:
        channel = Channel(settings.peers.ledger)
        components.append(channel)
        retirement = Retirement(
            journal,
            forwarder,
            LedgerKeys(channel, settings.auth.service_key.get_secret_value(), settings.kafka),
            poll_seconds=options.confirm_poll_seconds,
            seal_after_seconds=options.confirm_seal_seconds,
            resend_after_seconds=options.resend_after_seconds,
        )
        log = JournalFirst(journal, forwarder, producer, retirement)
    components.append(log)
    rate = options.rate_limit_events_per_second
    intake = Intake(
        log,
        clock,
        TimeLimits(options.max_age_days, options.max_ahead_seconds),
        RateLimit(rate, options.rate_limit_burst) if rate else None,
        TagGuard(options.max_tag_values) if options.max_tag_values else None,
    )
    limits = RequestLimits(options.max_body_bytes, options.max_litellm_body_bytes, options.max_items)
    in_flight = InFlight(options.max_in_flight_bytes)
    header_map = HeaderMap(options.attribution_headers)
    receiver = Receiver(
        intake,
        header_map,
        AttributeMap(options.otlp_attributes),
        options.otlp_metrics,
        in_flight,
    )
    otlp_grpc = GrpcSettings(
        host=options.otlp_grpc_host or settings.grpc.host,
        port=options.otlp_grpc_port,
        max_message_bytes=options.otlp_max_body_bytes,
    )
    components.append(OtlpServer(otlp_grpc, receiver, keyring))
    routes = [
        *Endpoints(intake, keyring, limits, in_flight, header_map).routes(),
        *OtlpEndpoints(receiver, keyring, options.otlp_max_body_bytes).routes(),
    ]
    return Service(NAME, components, routes=routes)
