"""A runaway on real engines: told by event time, while the hour it falls in is still open."""

from __future__ import annotations

import asyncio

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.app import build
from services.common import host
from services.common.clock import MINUTE, SystemClock
from services.common.money import PICOS_PER_DOLLAR
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.integration.test_anomaly import cost_of, history, stage, until


@pytest.mark.slow
@pytest.mark.timeout(330)
async def test_a_loop_is_told_while_its_hour_is_open(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    async with stage(kafka_settings, clickhouse_settings, auth_settings) as scene:
        now = SystemClock().now()
        costs = history(now - 20 * MINUTE)
        await scene.append(costs)

        async def written() -> bool:
            return await scene.in_ledger() == len(costs)

        await until(written)
        settings = scene.settings()
        settings.anomaly.minute_grace_seconds = 1
        keyring = host.key_ring(settings)
        process = host.Host("anomaly", settings, [build(settings, keyring)], keyring)
        await process.start()
        try:
            start = SystemClock().now() - 8 * MINUTE
            loop = [cost_of("support", start + n * MINUTE, 4 * PICOS_PER_DOLLAR, 20, session="loop") for n in range(8)]
            await scene.append(loop)

            async def runaways() -> list[AnomalyEvent]:
                return [one for one in await scene.events() if one.anomaly.channel == Anomaly.CHANNEL_RUNAWAY]

            async def told() -> bool:
                # It goes on: a group that is formed anew under load begins after what the ledger has.
                await asyncio.sleep(2)
                await scene.append([cost_of("support", SystemClock().now(), PICOS_PER_DOLLAR, 20, session="loop")])
                return bool(await runaways())

            # Three minutes are over by then.
            await until(told, 260)
            event = (await runaways())[0]
            assert event.type == AnomalyEvent.TYPE_OPENED
            found = event.anomaly
            assert dict(found.series) == {"session": "loop", "key": "support-k"}
            assert found.state == Anomaly.STATE_OPEN
            assert start - MINUTE <= found.start_unix_micros < found.end_unix_micros <= SystemClock().now() + MINUTE
            assert found.impact.units >= 15
        finally:
            await process.stop()
