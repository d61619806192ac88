"""The price book's life in the running service: a source over HTTP, prices over gRPC, metrics and health over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
from finops.pricing.v1.pricing_pb2 import GetPriceRequest, PriceBatchRequest
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub

from services.common import host
from services.common.clickhouse import migrate
from services.common.clock import SystemClock
from services.common.grpc.client import Channel, call
from services.common.host import Host
from services.common.money import parse_dollars
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings, HttpSettings, KafkaSettings
from services.pricing.app import build
from services.pricing.settings import BookOptions, PricingOptions, PricingSettings
from tests.unit.pricing.events import usage
from tests.unit.pricing.price_source import model, published, publisher


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.05)


async def test_a_service_takes_new_prices_up_and_keeps_them_when_the_source_goes_bad(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings, tmp_path: Path
) -> None:
    await migrate(clickhouse_settings, ["services.common.migrations", "services.pricing.migrations"])
    with publisher(published()) as server:
        book = BookOptions(source=server.url, folder=str(tmp_path), interval_minutes=0.002, timeout_seconds=5)
        settings = PricingSettings(
            kafka=kafka_settings,
            clickhouse=clickhouse_settings,
            auth=auth_settings,
            grpc=GrpcSettings(host="127.0.0.1", port=0),
            http=HttpSettings(host="127.0.0.1", port=0),
            pricing=PricingOptions(rater=False, book=book),
        )
        keyring = host.key_ring(settings)
        running = Host("pricing", settings, [build(settings, keyring)], keyring)
        await running.start()
        channel = Channel(f"127.0.0.1:{running.grpc.port}")
        await channel.start()
        stub = PricingServiceStub(channel.channel())
        key = auth_settings.service_key.get_secret_value()
        try:
            await until(running.ready)

            async def price() -> int:
                wanted = GetPriceRequest(provider="openai", model="gpt-4o")
                found = await call(stub.GetPrice, wanted, key=key, tenant_id="acme")
                return int(next(b for b in found.price.buckets if b.bucket == "input_tokens").price_picos_per_million)

            async def becomes(dollars: str) -> None:
                async with asyncio.timeout(60):
                    while await price() != parse_dollars(dollars):
                        await asyncio.sleep(0.05)

            assert await price() == parse_dollars("2.5")
            server.publish(published(lambda listed: model(listed, "openai", "gpt-4o")["prices"].update(input_mtok=3)))
            await becomes("3")
            event = usage("openai", "gpt-4o", time=SystemClock().now(), input_tokens=1_000_000)
            rated = await call(stub.PriceBatch, PriceBatchRequest(events=[event]), key=key, tenant_id="acme")
            assert rated.ratings[0].price_book_version == rated.price_book_version
            lines = {line.bucket: line.price_picos_per_million for line in rated.ratings[0].lines}
            assert lines == {"input_tokens": parse_dollars("3")}

            server.publish(b"<html>maintenance</html>")
            asked = len(server.asked)
            await until(lambda: len(server.asked) > asked)
            await until(lambda: "refresh: " in running.checks()["price book"].detail)
            assert await price() == parse_dollars("3")
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.http.port}") as web:
                health = (await web.get("/readyz")).json()
                metrics = (await web.get("/metrics")).text
            assert health["status"] == "ok"
            assert "no JSON" in health["notes"]["price book"]
            assert f'aifinops_price_book_info{{origin="copy",version="{rated.price_book_version}"}} 1.0' in metrics
            assert 'aifinops_price_book_refresh_failures_total{reason="malformed"}' in metrics
        finally:
            await channel.stop()
            await running.stop()
