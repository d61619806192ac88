"""Pricing, wired: the price desk over gRPC, and the rater."""

from __future__ import annotations

from collections.abc import Callable

from finops.pricing.v1.pricing_pb2_grpc import add_PricingServiceServicer_to_server

from services.common.clickhouse import ClickHouse
from services.common.clock import MINUTE, SystemClock
from services.common.component import Component, GrpcService, Service
from services.common.grpc.client import Channel
from services.common.kafka.batch_policy import BatchPolicy
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.leading import Leadership, Leading
from services.common.kafka.producer import Producer
from services.common.kafka.topics import USAGE
from services.common.keyring import KeyRing
from services.pricing.adapters.correction_log import KafkaCorrectionLog
from services.pricing.adapters.cost_log import KafkaCostLog
from services.pricing.adapters.metrics import PrometheusMeter
from services.pricing.adapters.override_store import ClickHouseOverrides
from services.pricing.adapters.peers import GrpcLedger, GrpcPricing
from services.pricing.adapters.refresh import PriceBookKeeper, open_book
from services.pricing.adapters.rerate_wiring import Rerating
from services.pricing.adapters.servicer import PricingServicer
from services.pricing.adapters.settlement_wiring import Settling
from services.pricing.domain.names import Catalogue
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.contract_desk import ContractDesk
from services.pricing.handlers.desk import PriceDesk
from services.pricing.handlers.quote import Quoter
from services.pricing.handlers.rater import Rater
from services.pricing.settings import PricingSettings

GROUP = "pricing"


def build(settings: PricingSettings, keyring: KeyRing) -> Service:
    """The service; with `pricing.rater` off, only its gRPC side."""
    clock = SystemClock()
    opening = open_book(settings.pricing.book, clock.now())
    pricer = Pricer(opening.edition.book, settings.pricing.shadow.prices())
    keeper = PriceBookKeeper(settings.pricing.book, opening, pricer.use_book, clock)
    overrides = ClickHouseOverrides(
        ClickHouse(settings.clickhouse), pricer, refresh_seconds=settings.pricing.override_refresh_seconds
    )
    desk = PriceDesk(pricer, overrides, clock)
    ledger, corrections = Channel(settings.peers.ledger), KafkaCorrectionLog(settings.kafka)
    rerating = Rerating(settings, pricer, overrides, ledger, corrections)
    settling = Settling(settings, pricer, overrides, ledger, corrections)
    components: list[Component] = [keeper, overrides, ledger, corrections]
    if settings.pricing.rater:
        components += _rater(settings, ledger, lambda: pricer.book.catalogue, rerating, settling)
    return Service(
        name="pricing",
        components=components,
        grpc=[
            GrpcService(
                "finops.pricing.v1.PricingService",
                PricingServicer(
                    desk,
                    Quoter(pricer, overrides, clock),
                    rerating.rerater,
                    ContractDesk(pricer, overrides, settling.settler, clock),
                ),
                add_PricingServiceServicer_to_server,
            )
        ],
        migrations=["services.pricing.migrations"],
    )


def _rater(
    settings: PricingSettings,
    ledger: Channel,
    catalogue: Callable[[], Catalogue],
    rerating: Rerating,
    settling: Settling,
) -> list[Component]:
    """The rater's parts in the order of their start; it reaches prices over gRPC even within one process."""
    options, key = settings.pricing, settings.auth.service_key.get_secret_value()
    pricing, producer = Channel(settings.peers.pricing), Producer(settings.kafka, client_id=GROUP)
    rater = Rater(
        pricing=GrpcPricing(pricing, key),
        ledger=GrpcLedger(ledger, key),
        costs=KafkaCostLog(settings.kafka, producer),
        meter=PrometheusMeter(catalogue),
        clock=SystemClock(),
        window_records=options.window_records,
        skew=round(options.skew_minutes * MINUTE),
    )
    leadership = Leadership()
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[USAGE],
        processor=Leading(rater, leadership),
        dead_letters=DeadLetters(producer, GROUP),
        policy=BatchPolicy(records=options.batch_records, linger_seconds=options.linger_seconds),
    )
    return [pricing, producer, consumer, *rerating.late_prices(leadership), *settling.worker(leadership)]
