"""The ledger, wired: the writer of the cost log and the answers about it."""

from __future__ import annotations

from finops.ledger.v1.ledger_pb2 import DESCRIPTOR
from finops.ledger.v1.ledger_pb2_grpc import add_LedgerServiceServicer_to_server

from services.common.clickhouse import ClickHouse
from services.common.clock import SystemClock
from services.common.component import Component, GrpcService, Service
from services.common.kafka.batch_policy import BatchPolicy
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.producer import Producer
from services.common.kafka.topics import COSTS
from services.common.keyring import KeyRing
from services.common.repeating import Repeating
from services.ledger.adapters.bill_metrics import BillMeasures
from services.ledger.adapters.bill_reader import ClickHouseBills
from services.ledger.adapters.column_reader import ClickHouseEventColumns
from services.ledger.adapters.event_reader import ClickHouseEvents
from services.ledger.adapters.metrics import Measures
from services.ledger.adapters.reader import ClickHouseReader
from services.ledger.adapters.retention import ClickHouseRetention
from services.ledger.adapters.servicer import LedgerServicer
from services.ledger.adapters.store import ClickHouseEntryStore
from services.ledger.adapters.unpriced_reader import ClickHouseUnpriced
from services.ledger.domain.query import ReadFrom
from services.ledger.handlers.bill import BillQueries, BillWatch
from services.ledger.handlers.event_columns import EventColumnQueries
from services.ledger.handlers.events import EventQueries
from services.ledger.handlers.queries import LedgerQueries
from services.ledger.handlers.write import LedgerWriter
from services.ledger.settings import BillOptions, ExportOptions, LedgerSettings, RetentionOptions

GROUP = "ledger"


def build(settings: LedgerSettings, keyring: KeyRing) -> Service:
    """Builds the service; nothing connects before its components start."""
    del keyring  # The host's gRPC server asks it.
    options = settings.ledger
    clickhouse = ClickHouse(settings.clickhouse)
    measures, bills = Measures(), ClickHouseBills(clickhouse)
    producer = Producer(settings.kafka, client_id=GROUP)
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[COSTS],
        processor=LedgerWriter(ClickHouseEntryStore(clickhouse), measures, options.parallel_inserts),
        dead_letters=DeadLetters(producer, GROUP),
        policy=BatchPolicy(
            records=options.batch_records,
            linger_seconds=options.batch_linger_seconds,
            quiet_seconds=options.batch_quiet_seconds,
        ),
    )
    servicer = LedgerServicer(
        LedgerQueries(ClickHouseReader(clickhouse), measures),
        EventQueries(ClickHouseEvents(clickhouse), ClickHouseUnpriced(clickhouse)),
        EventColumnQueries(ClickHouseEventColumns(clickhouse)),
        BillQueries(bills),
    )
    watch = BillWatch(bills, BillMeasures(), SystemClock(), options.bill.days)
    return Service(
        name="ledger",
        components=(
            clickhouse,
            _retention(options.retention, clickhouse),
            producer,
            consumer,
            _watching(watch, options.bill),
            *_exports(options.export, clickhouse),
        ),
        grpc=(
            GrpcService(
                DESCRIPTOR.services_by_name["LedgerService"].full_name, servicer, add_LedgerServiceServicer_to_server
            ),
        ),
        migrations=("services.ledger.migrations",),
    )


def _retention(options: RetentionOptions, clickhouse: ClickHouse) -> Component:
    days = {
        ReadFrom.ENTRIES: options.entries_days,
        ReadFrom.HOURLY: options.hourly_days,
        ReadFrom.DAILY: options.daily_days,
    }
    retention = ClickHouseRetention(clickhouse)
    return Repeating("ledger-retention", lambda: retention.apply(days), seconds=86_400)


def _watching(watch: BillWatch, options: BillOptions) -> Component:
    return Repeating("bill reconciliation", watch.run, seconds=options.interval_seconds)


def _exports(options: ExportOptions, clickhouse: ClickHouse) -> tuple[Component, ...]:
    """The scheduled export, where one is set up. What it writes files with is imported only then: it takes 40 MB."""
    if not options.to:
        return ()
    from services.ledger.adapters.exports import scheduled

    return (scheduled(options, clickhouse),)
