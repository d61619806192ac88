"""The budget service, wired."""

from __future__ import annotations

import asyncio

from finops.budget.v1.budget_pb2_grpc import add_BudgetServiceServicer_to_server
from finops.envoy.v3.external_auth_pb2_grpc import add_AuthorizationServicer_to_server

from services.budget.adapters.alert_table import AlertTable
from services.budget.adapters.closing import Closing
from services.budget.adapters.ext_authz import servicer as ext_authz
from services.budget.adapters.forwarding import Peers, own_address
from services.budget.adapters.history import LedgerHistory
from services.budget.adapters.holds_file import FileHolds
from services.budget.adapters.holds_log import KafkaHolds
from services.budget.adapters.ledger import LedgerClient
from services.budget.adapters.metrics import PrometheusMeters
from services.budget.adapters.reservations import Reservations
from services.budget.adapters.servicer import FULL_NAME, BudgetServicer
from services.budget.adapters.state_log import StateLog
from services.budget.adapters.tables import BudgetTable
from services.budget.adapters.upkeep import Upkeep
from services.budget.domain.awaiting import Awaited
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.commitments import Commitments
from services.budget.handlers.deciding import Deciding
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.forecasting import Forecasting
from services.budget.handlers.holding import Books, CountedEvents, HoldsView
from services.budget.handlers.listing import HoldListing
from services.budget.handlers.ownership import Ownership, Owning
from services.budget.handlers.rebuilding import Rebuilder
from services.budget.handlers.reconciling import Reconciler
from services.budget.handlers.reserving import Reserving
from services.budget.handlers.spend_forecast import SpendForecasts
from services.budget.handlers.standing import Standings
from services.budget.handlers.statuses import Statuses
from services.budget.handlers.totals import Totals
from services.budget.settings import BudgetSettings
from services.common.clickhouse import ClickHouse
from services.common.clock import SystemClock
from services.common.component import GrpcService, Service
from services.common.grpc.client import Channel
from services.common.kafka.batch_policy import BatchPolicy
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.producer import Producer
from services.common.kafka.topics import COSTS
from services.common.keyring import KeyRing
from services.common.repeating import Repeating

GROUP = "budget"


def build(settings: BudgetSettings, keyring: KeyRing) -> Service:
    """The service from its settings."""
    options, clock, meters = settings.budget, SystemClock(), PrometheusMeters()
    clickhouse = ClickHouse(settings.clickhouse)
    channel = Channel(settings.peers.ledger)
    ledger = LedgerClient(channel, settings.auth.service_key.get_secret_value())
    producer = Producer(settings.kafka, client_id=GROUP)
    state = StateLog(settings.kafka, producer, client_id="budget-state")
    store = BudgetTable(clickhouse)

    changes, awaited = Changes(clock), Awaited(options.remembered_events)
    view = HoldsView(awaited, changes)
    books = Books(view)
    catalog = Catalog(store, clock, changes, meters)
    definitions = Definitions(store, catalog, clock)
    accounts = Accounts(catalog, state, ledger, awaited, changes, clock, meters)
    totals = Totals(accounts, state)
    history = LedgerHistory(channel, settings.auth.service_key.get_secret_value())
    commitments = Commitments(
        catalog, history, changes, clock,
        refresh_seconds=options.forecast_refresh_seconds, concurrency=options.forecast_concurrency,
    )  # fmt: skip
    standings = Standings(totals, books, commitments)
    forecasting = Forecasting(
        catalog, standings, history, changes, clock, meters,
        refresh_seconds=options.forecast_refresh_seconds, concurrency=options.forecast_concurrency,
        processor_share=options.forecast_processor_share,
    )  # fmt: skip
    alerting = Alerting(
        catalog, standings, forecasting, accounts, state, AlertTable(clickhouse), state, changes, clock, meters
    )
    rebuilder = Rebuilder(
        catalog, accounts, totals, state, ledger, changes, meters, concurrency=options.rebuild_concurrency
    )
    reconciler = Reconciler(
        catalog,
        accounts,
        totals,
        rebuilder,
        state,
        ledger,
        state,
        clock,
        meters,
        concurrency=options.rebuild_concurrency,
    )
    hold_log: KafkaHolds | FileHolds = (
        KafkaHolds(settings.kafka, view) if options.holds_dir is None else FileHolds(options.holds_dir, view)
    )
    counted = CountedEvents(accounts.position_of, options.remembered_events)
    ownership = Ownership(
        hold_log, view, counted, state, changes, clock, meters, remembered_seconds=options.remembered_seconds
    )
    ownership.address = options.advertised_address or own_address(settings.grpc)
    books.own = ownership.book_of
    deciding = Deciding(catalog, standings, changes, clock)
    reserving = Reserving(deciding, ownership, counted, changes, clock, meters, settled_seconds=options.settled_seconds)
    peers = Peers(settings.auth.service_key.get_secret_value())
    reservations = Reservations(deciding, reserving, HoldListing(definitions, books), ownership, peers)
    statuses = Statuses(
        definitions, catalog, standings, forecasting, alerting, changes, clock,
        coalesce_seconds=options.watch_coalesce_seconds,
    )  # fmt: skip
    state.tell(changes.touch, alerting.learn, accounts.owned)

    upkeep = Upkeep(definitions, catalog, rebuilder, reconciler, ownership, peers)
    servicer = BudgetServicer(definitions, statuses, reservations, SpendForecasts(history, clock), upkeep)

    late = asyncio.Event()
    awaited.on_late = late.set
    state.tell_counted(ownership.heard)

    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[COSTS],
        processor=Owning(accounts, ownership),
        dead_letters=DeadLetters(producer, GROUP),
        policy=BatchPolicy(options.batch_records, options.batch_linger_seconds),
    )
    return Service(
        name="budget",
        components=[
            clickhouse,
            channel,
            producer,
            state,
            Repeating("budget definitions", catalog.refresh, seconds=options.refresh_seconds, essential=True),
            Repeating("budget alerts", alerting.run, seconds=1.0, wake=alerting.wake, rest_seconds=0.2),
            Repeating("budget commitments", commitments.run, seconds=1.0),
            Repeating("budget forecasts", forecasting.run, seconds=1.0),
            Repeating("budget rebuilds", rebuilder.run, seconds=0.2),
            Repeating("budget reconciliation", reconciler.run, seconds=options.reconcile_seconds),
            peers,
            hold_log,
            Closing("budget shares", ownership.stop),
            Repeating("budget shares", ownership.run, seconds=0.5, wake=ownership.wake),
            Repeating("late events of holds", accounts.tell_late, seconds=1.0, wake=late),
            consumer,
            Closing("budget watches", changes.close),
        ],
        grpc=[
            GrpcService(FULL_NAME, servicer, add_BudgetServiceServicer_to_server),
            GrpcService(
                ext_authz.FULL_NAME,
                ext_authz.ExtAuthzServicer(servicer, options.ext_authz, clock),
                add_AuthorizationServicer_to_server,
            ),
        ],
        migrations=["services.budget.migrations"],
        prompt=True,
    )
