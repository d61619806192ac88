"""The optimizer, wired."""

from __future__ import annotations

from importlib.resources import files

from finops.recommendation.v1.recommendation_pb2 import DESCRIPTOR
from finops.recommendation.v1.recommendation_pb2_grpc import add_RecommendationServiceServicer_to_server

from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, SystemClock
from services.common.component import GrpcService, Service
from services.common.grpc.client import Channel
from services.common.kafka.batch_policy import UNHURRIED
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.leading import Leadership, Leading
from services.common.kafka.producer import Producer
from services.common.kafka.topics import COSTS
from services.common.keyring import KeyRing
from services.common.money import parse_dollars
from services.optimizer.adapters.consumer import CostLogProcessor
from services.optimizer.adapters.events import EventLog
from services.optimizer.adapters.peers import LedgerPeer, PricingPeer
from services.optimizer.adapters.schedule import Schedule
from services.optimizer.adapters.servicer import RecommendationServicer
from services.optimizer.adapters.tables import RecommendationTable, SeatTable
from services.optimizer.domain import alternatives
from services.optimizer.handlers.catalogue import Catalogue
from services.optimizer.handlers.run import Policy, RuleRun
from services.optimizer.handlers.seats import SeatNotes
from services.optimizer.settings import OptimizerOptions, OptimizerSettings

GROUP = "optimizer"


def build(settings: OptimizerSettings, keyring: KeyRing) -> Service:
    """Its parts from its settings."""
    options = settings.optimizer
    key = settings.auth.service_key.get_secret_value()
    clickhouse = ClickHouse(settings.clickhouse)
    producer = Producer(settings.kafka, client_id=GROUP)
    ledger, pricing = Channel(settings.peers.ledger), Channel(settings.peers.pricing)
    seats, recommendations = SeatTable(clickhouse), RecommendationTable(clickhouse)
    rules = RuleRun(
        LedgerPeer(ledger, key),
        PricingPeer(pricing, key),
        seats,
        recommendations,
        EventLog(producer),
        alternatives.parse((files("services.optimizer.domain") / "alternatives.toml").read_text()),
        _policy(options),
        SystemClock(),
    )
    leadership = Leadership()
    schedule = Schedule(
        rules.run,
        leadership,
        interval_seconds=options.interval_seconds,
        first_run_seconds=options.first_run_seconds,
        min_interval_seconds=options.min_interval_seconds,
    )
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[COSTS],
        processor=Leading(CostLogProcessor(SeatNotes(seats, schedule.hasten)), leadership),
        dead_letters=DeadLetters(producer, GROUP),
        policy=UNHURRIED,
    )
    return Service(
        name=GROUP,
        components=[clickhouse, producer, ledger, pricing, schedule, consumer],
        grpc=[
            GrpcService(
                DESCRIPTOR.services_by_name["RecommendationService"].full_name,
                RecommendationServicer(Catalogue(recommendations)),
                add_RecommendationServiceServicer_to_server,
            )
        ],
        migrations=["services.optimizer.migrations"],
    )


def _policy(options: OptimizerOptions) -> Policy:
    return Policy(
        window=options.window_days * DAY,
        min_days=options.min_days,
        max_mean_output_tokens=options.max_mean_output_tokens,
        min_saving=parse_dollars(options.min_monthly_saving),
        idle_for=options.idle_days * DAY,
    )
