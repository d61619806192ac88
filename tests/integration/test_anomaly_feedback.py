"""Labels and planned windows on real engines, with the real ledger behind them."""

from __future__ import annotations

import pytest
from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    CreatePlannedWindowRequest,
    DeletePlannedWindowRequest,
    GetAnomalyRequest,
    GetPrecisionRequest,
    Label,
    LabelAnomalyRequest,
    ListAnomaliesRequest,
    ListPlannedWindowsRequest,
    PlannedWindow,
)
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceStub

from services.anomaly.adapters.archive import AnomalyTable
from services.anomaly.adapters.labels import LabelTable
from services.anomaly.adapters.windows import WindowTable
from services.anomaly.app import build
from services.anomaly.handlers.ports import Announced, Cursor, Labelled
from services.common import host
from services.common.auth import Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import DAY, HOUR, SystemClock
from services.common.errors import InvalidArgumentError, NotFoundError, PermissionDeniedError
from services.common.grpc.client import Channel, call
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.integration.test_anomaly import SPIKE_HOURS_AGO, history, stage, until

FALSE = Label.VERDICT_FALSE


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_window_hides_its_tenants_load_and_a_label_is_kept_across_a_restart(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    """Two tenants with the same series and the same spike; one of them had announced it."""
    async with stage(kafka_settings, clickhouse_settings, auth_settings) as scene:
        now = SystemClock().now()
        costs, others = history(now), history(now)
        for cost in others:
            cost.usage.tenant_id = "globex"
        spike = (costs[-1].usage.time_unix_micros // HOUR - SPIKE_HOURS_AGO) * HOUR
        planned = PlannedWindow(
            name="plannedWindows/w", series={"team": "search"}, start_unix_micros=spike,
            end_unix_micros=spike + 5 * HOUR, reason="load test", create_unix_micros=spike - DAY,
        )  # fmt: skip
        await WindowTable(scene.clickhouse).save(Announced("acme", planned, 0), now)
        await scene.append([*costs, *others])

        async def written() -> bool:
            return await scene.in_ledger() == len(costs) + len(others)

        await until(written)
        settings = scene.settings()
        keyring = host.key_ring(settings)
        for life in range(2):
            process = host.Host("anomaly", settings, [build(settings, keyring)], keyring)
            await process.start()
            channel = Channel(f"127.0.0.1:{process.grpc.port}")
            try:
                stub = AnomalyServiceStub(channel.channel())
                if life == 0:
                    await _first_life(stub, keyring, settings.auth.admin_key.get_secret_value())
                else:
                    viewer, _ = await keyring.create("globex", Role.VIEWER, "viewer again", "test")
                    (found,) = (await call(stub.ListAnomalies, ListAnomaliesRequest(), key=viewer)).anomalies
                    assert found.label.verdict == FALSE
            finally:
                await channel.stop()
                await process.stop()


async def _first_life(stub: AnomalyServiceStub, keyring: object, admin: str) -> None:
    keys = {
        role: (await keyring.create("globex", role, role.value, "test"))[0]  # type: ignore[attr-defined]
        for role in (Role.EDITOR, Role.VIEWER)
    }
    editor, viewer = keys[Role.EDITOR], keys[Role.VIEWER]

    async def told() -> bool:
        found = (await call(stub.ListAnomalies, ListAnomaliesRequest(), key=viewer)).anomalies
        return [anomaly.state for anomaly in found] == [Anomaly.STATE_CLOSED]

    await until(told)
    assert not (await call(stub.ListAnomalies, ListAnomaliesRequest(), key=admin)).anomalies
    (found,) = (await call(stub.ListAnomalies, ListAnomaliesRequest(), key=viewer)).anomalies

    label = LabelAnomalyRequest(name=found.name, verdict=FALSE, note="a demo")
    with pytest.raises(PermissionDeniedError):
        await call(stub.LabelAnomaly, label, key=viewer)
    with pytest.raises(NotFoundError):
        await call(stub.LabelAnomaly, label, key=admin)
    labelled = (await call(stub.LabelAnomaly, label, key=editor)).anomaly
    assert (labelled.label.verdict, labelled.label.author, labelled.label.note) == (FALSE, "editor", "a demo")
    assert (await call(stub.GetAnomaly, GetAnomalyRequest(name=found.name), key=viewer)).anomaly == labelled
    (counted,) = (await call(stub.GetPrecision, GetPrecisionRequest(), key=viewer)).channels
    assert (counted.channel, counted.told, counted.false_alarms, counted.precision) == (found.channel, 1, 1, 0.0)
    assert not (await call(stub.GetPrecision, GetPrecisionRequest(), key=admin)).channels

    now = SystemClock().now()
    window = PlannedWindow(series={"team": "search"}, start_unix_micros=now, end_unix_micros=now + DAY, reason="launch")
    with pytest.raises(PermissionDeniedError):
        await call(stub.CreatePlannedWindow, CreatePlannedWindowRequest(window=window), key=viewer)
    made = (await call(stub.CreatePlannedWindow, CreatePlannedWindowRequest(window=window), key=editor)).window
    assert list((await call(stub.ListPlannedWindows, ListPlannedWindowsRequest(), key=viewer)).windows) == [made]
    with pytest.raises(NotFoundError):
        await call(stub.DeletePlannedWindow, DeletePlannedWindowRequest(name=made.name), key=admin)
    await call(stub.DeletePlannedWindow, DeletePlannedWindowRequest(name=made.name), key=editor)
    assert not (await call(stub.ListPlannedWindows, ListPlannedWindowsRequest(), key=viewer)).windows
    window.series["team"] = ""
    with pytest.raises(InvalidArgumentError) as refused:
        await call(stub.CreatePlannedWindow, CreatePlannedWindowRequest(window=window), key=editor)
    assert [violation.field for violation in refused.value.violations] == ["window.series.team"]


async def test_the_tables_give_back_what_they_were_given(clickhouse_settings: ClickHouseSettings) -> None:
    await migrate(clickhouse_settings, ["services.anomaly.migrations"])
    clickhouse = ClickHouse(clickhouse_settings)
    try:
        labels, windows, archive = LabelTable(clickhouse), WindowTable(clickhouse), AnomalyTable(clickhouse)
        assert not await labels.of("acme", [])
        said = Labelled(
            "acme", "anomalies/a", Label(verdict=FALSE, author="ann", note="it's \n 'ü'", label_unix_micros=5)
        )
        await labels.save(said, 5)
        await labels.save(Labelled("globex", "anomalies/a", Label(verdict=Label.VERDICT_CONFIRMED)), 6)
        assert await labels.of("acme", ["anomalies/a", "anomalies/b"]) == {"anomalies/a": said.label}
        assert list(await labels.since(5)) == [said]
        await archive.save(
            [
                Anomaly(name="anomalies/a", tenant_id="acme", channel=Anomaly.CHANNEL_COST, start_unix_micros=10),
                Anomaly(name="anomalies/b", tenant_id="acme", channel=Anomaly.CHANNEL_COST, start_unix_micros=19),
                Anomaly(name="anomalies/c", tenant_id="acme", channel=Anomaly.CHANNEL_COST, start_unix_micros=20),
            ]
        )
        (counted,) = await labels.precision("acme", 10, 20)
        assert (counted.told, counted.confirmed, counted.false_alarms) == (2, 0, 1)
        await labels.save(Labelled("acme", "anomalies/a", Label()), 7)
        assert not await labels.of("acme", ["anomalies/a"])
        assert [each.tenant for each in await labels.since(0)] == ["globex"]

        kept = [
            PlannedWindow(
                name=f"plannedWindows/{n}", series={"team": "it's \"x\""} if n else {}, start_unix_micros=10 + n // 2,
                end_unix_micros=20, reason="naïve", author="ann", create_unix_micros=3,
            )
            for n in range(4)
        ]  # fmt: skip
        for window in kept:
            await windows.save(Announced("acme", window, 0), 3)
        await windows.save(Announced("globex", kept[0], 0), 3)
        first = await windows.page("acme", None, 2)
        assert list(first) == [kept[3], kept[2]]
        last = Cursor(first[-1].start_unix_micros, first[-1].name)
        assert list(await windows.page("acme", last, 9)) == [kept[1], kept[0]]
        assert await windows.get("acme", kept[2].name) == kept[2]
        assert await windows.get("globex", kept[2].name) is None
        assert list(await windows.overlapping("acme", 20, 30)) == []
        assert list(await windows.overlapping("acme", 5, 11)) == kept[:2]
        await windows.save(Announced("acme", kept[0], 9), 9)
        assert await windows.get("acme", kept[0].name) is None
        assert [w.deleted for w in await windows.since(20) if w.tenant == "acme"] == [9, 0, 0, 0]
        assert not await windows.since(21)
    finally:
        await clickhouse.stop()
