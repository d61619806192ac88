"""The budget service, wired."""

from __future__ import annotations

from finops.budget.v1.budget_pb2_grpc import add_BudgetServiceServicer_to_server
from finops.envoy.v3.external_auth_pb2_grpc import add_AuthorizationServicer_to_server

from services.budget.adapters.alert_table import AlertTable
from services.budget.adapters.closing import Closing
from services.budget.adapters.ext_authz import servicer as ext_authz
from services.budget.adapters.history import LedgerHistory
from services.budget.adapters.ledger import LedgerClient
from services.budget.adapters.metrics import PrometheusMeters
from services.budget.adapters.servicer import FULL_NAME, BudgetServicer
from services.budget.adapters.state_log import StateLog
from services.budget.adapters.tables import BudgetTable
from services.budget.domain.awaiting import Awaited
from services.budget.domain.holds import Holds
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.forecasting import Forecasting
from services.budget.handlers.rebuilding import Rebuilder
from services.budget.handlers.reserving import Reserving
from services.budget.handlers.standing import Standings
from services.budget.handlers.statuses import Statuses
from services.budget.settings import BudgetSettings
from services.common.clickhouse import ClickHouse
from services.common.clock import SystemClock
from services.common.component import GrpcService, Service
from services.common.grpc.client import Channel
from services.common.kafka.consumer import BatchConsumer, BatchPolicy
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

    changes, holds, awaited = Changes(clock), Holds(), Awaited(options.remembered_events)
    catalog = Catalog(store, clock, changes, meters)
    definitions = Definitions(store, catalog, clock)
    accounts = Accounts(catalog, state, ledger, awaited, changes, clock, meters)
    standings = Standings(accounts, holds)
    history = LedgerHistory(channel, settings.auth.service_key.get_secret_value())
    forecasting = Forecasting(
        catalog, accounts, history, changes, clock,
        refresh_seconds=options.forecast_refresh_seconds, concurrency=options.forecast_concurrency,
    )  # fmt: skip
    alerting = Alerting(
        catalog, standings, forecasting, accounts, state, AlertTable(clickhouse), state, changes, clock, meters
    )
    rebuilder = Rebuilder(
        catalog, accounts, state, ledger, changes, clock, meters, concurrency=options.rebuild_concurrency
    )
    reserving = Reserving(catalog, accounts, holds, changes, clock, meters)
    statuses = Statuses(
        definitions, catalog, standings, forecasting, alerting, changes, clock,
        coalesce_seconds=options.watch_coalesce_seconds,
    )  # fmt: skip
    state.tell(changes.touch, alerting.learn)

    servicer = BudgetServicer(definitions, statuses, reserving)

    async def expire_holds() -> None:
        reserving.expire()

    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[COSTS],
        processor=accounts,
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
            Repeating("budget alerts", alerting.run, seconds=1.0, wake=alerting.wake),
            Repeating("budget forecasts", forecasting.run, seconds=1.0),
            Repeating("budget rebuilds", rebuilder.run, seconds=0.2),
            Repeating("expired holds", expire_holds, seconds=1.0),
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
    )
