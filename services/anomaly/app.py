"""The anomaly service, wired. One replica: see `handlers.watch`."""

from __future__ import annotations

from dataclasses import replace

from finops.anomaly.v1.anomaly_pb2_grpc import add_AnomalyServiceServicer_to_server

from services.anomaly.adapters.archive import AnomalyTable
from services.anomaly.adapters.checkpoints import CheckpointTable
from services.anomaly.adapters.labels import LabelTable
from services.anomaly.adapters.ledger import LedgerHistory
from services.anomaly.adapters.metrics import PrometheusMeter
from services.anomaly.adapters.outlet import AnomalyTopic
from services.anomaly.adapters.series_ledger import SeriesLedger
from services.anomaly.adapters.servicer import AnomalyServicer
from services.anomaly.adapters.windows import WindowTable
from services.anomaly.domain.novelty.sightings import SIGHTED
from services.anomaly.domain.series import Reader
from services.anomaly.domain.watermark import Patience
from services.anomaly.handlers.backtest import Backtester
from services.anomaly.handlers.band import Bands
from services.anomaly.handlers.causes import Causes
from services.anomaly.handlers.checkpoint import Checkpoints, Fingerprint
from services.anomaly.handlers.explainer import Explainer
from services.anomaly.handlers.forecast import Forecaster
from services.anomaly.handlers.label import Labelling
from services.anomaly.handlers.learned import Learned
from services.anomaly.handlers.outbox import Outbox
from services.anomaly.handlers.watch import CostWatch, WatchOptions
from services.anomaly.handlers.windows import Planning
from services.anomaly.settings import AnomalyOptions, AnomalySettings
from services.common.clickhouse import ClickHouse
from services.common.clock import HOUR, MINUTE, SECOND, SystemClock
from services.common.component import GrpcService, Service
from services.common.grpc.client import Channel
from services.common.kafka.batch_policy import UNHURRIED
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.producer import Producer
from services.common.kafka.topics import COSTS
from services.common.keyring import KeyRing
from services.common.repeating import Repeating

GROUP = "anomaly"
_HISTORY_MESSAGE_BYTES = 256 * 1024 * 1024


def build(settings: AnomalySettings, keyring: KeyRing) -> Service:
    """Everything the service needs, not started."""
    options = settings.anomaly
    clickhouse = ClickHouse(settings.clickhouse)
    producer = Producer(settings.kafka, client_id=GROUP)
    ledger = Channel(settings.peers.ledger, max_message_bytes=_HISTORY_MESSAGE_BYTES)
    archive, labels, windows = AnomalyTable(clickhouse), LabelTable(clickhouse), WindowTable(clickhouse)
    clock = SystemClock()
    service_key = settings.auth.service_key.get_secret_value()
    history = LedgerHistory(ledger, service_key)
    reader = Reader(options.dimensions, SIGHTED)
    waiting = patience(options)
    outbox = Outbox(archive, AnomalyTopic(producer), clock, round(options.cause_patience_seconds * SECOND))
    of_series = SeriesLedger(ledger, service_key)
    explainer = Explainer(Causes(of_series), history, outbox)
    made_with = Fingerprint.of(options.policy, reader.dimensions, waiting, options.history_days)
    checkpoints = Checkpoints(CheckpointTable(clickhouse), clock, made_with)
    watch = CostWatch(
        history=history,
        archive=archive,
        outbox=outbox,
        labels=labels,
        windows=windows,
        clock=clock,
        meter=PrometheusMeter(),
        reader=reader,
        policy=options.policy,
        patience=waiting,
        options=WatchOptions(
            options.history_days, options.rebuild_after_late_hours, round(options.rebuild_every_minutes * MINUTE)
        ),
        checkpoints=checkpoints,
    )
    backtester = Backtester(
        history=history, labels=labels, windows=windows, clock=clock, reader=reader, policy=options.policy,
        grace=waiting.grace, history_days=options.history_days,
    )  # fmt: skip
    learned = Learned(lambda: watch.desk)
    labelling, planning = Labelling(archive, labels, watch, clock), Planning(windows, watch, reader, clock)
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[COSTS],
        processor=watch,
        dead_letters=DeadLetters(producer, GROUP),
        policy=replace(UNHURRIED, records=options.batch_records),
    )
    return Service(
        name="anomaly",
        components=[
            clickhouse,
            producer,
            ledger,
            # Before the consumer, so that it is stopped after it and keeps what was read last.
            Repeating("anomaly checkpoints", watch.keep, seconds=options.checkpoint_minutes * 60, last=True),
            consumer,
            Repeating("anomaly clock", watch.tick, seconds=options.tick_seconds),
            Repeating("anomaly causes", explainer.work, seconds=1),
        ],
        grpc=[
            GrpcService(
                "finops.anomaly.v1.AnomalyService",
                AnomalyServicer(
                    archive,
                    labels,
                    labelling,
                    planning,
                    backtester,
                    Bands(archive, of_series, learned, clock),
                    Forecaster(learned.spent, reader.dimensions, clock),
                ),
                add_AnomalyServiceServicer_to_server,
            )
        ],
        migrations=["services.anomaly.migrations"],
    )


def patience(options: AnomalyOptions) -> Patience:
    """How long to wait for late events, in microseconds."""
    return Patience(
        grace=round(options.grace_minutes * MINUTE),
        history_grace=round(options.history_grace_hours * HOUR),
        live_within=round(options.live_within_minutes * MINUTE),
        minute_grace=round(options.minute_grace_seconds * SECOND),
        idle=round(options.idle_seconds * SECOND),
    )
