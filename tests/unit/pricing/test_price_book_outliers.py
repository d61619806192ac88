"""Prices of a refreshed list that are too far off to be believed: kept out of use until somebody accepts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finops.cost.v1.cost_pb2 import RATING_STATUS_PARTIAL

from services.common.money import parse_dollars
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.book_running import GPT, Running, a_thousand_times, metric, options
from tests.unit.pricing.events import usage
from tests.unit.pricing.price_source import Publisher, model, published


async def test_an_outlier_is_quarantined_and_the_last_good_price_counts(server: Publisher, tmp_path: Path) -> None:
    running = Running(options(server, tmp_path))
    server.publish(published(a_thousand_times))
    await running.keeper.refresh()
    assert running.dollars() == parse_dollars("0.25")
    (outlier,) = running.keeper.edition.quarantined
    assert (outlier.price_id, outlier.bucket) == ("openai/gpt-4o", "input_tokens")
    assert metric("aifinops_price_book_quarantined_prices") == 1
    assert "quarantined prices: 1" in running.keeper.health().detail
    again = Running(running.options)
    assert again.dollars() == parse_dollars("0.25")
    assert again.pricer.book.version == running.pricer.book.version
    server.publish(published(lambda listed: (a_thousand_times(listed), dearer_output(listed))))
    await again.keeper.refresh()
    assert again.dollars() == parse_dollars("0.25")
    assert [o.reason for o in again.keeper.edition.quarantined] == [outlier.reason]


def dearer_output(listed: list[dict[str, Any]]) -> None:
    model(listed, *GPT)["prices"]["output_mtok"] = 11


async def test_an_accepted_price_counts(server: Publisher, tmp_path: Path) -> None:
    def jumped(listed: list[dict[str, Any]]) -> None:
        model(listed, *GPT)["prices"]["input_mtok"] = 40

    running = Running(options(server, tmp_path))
    server.publish(published(jumped))
    await running.keeper.refresh()
    assert running.dollars() == parse_dollars("0.25")
    accepting = Running(options(server, tmp_path, accepted=["openai/gpt-4o:input_tokens=40"]))
    assert accepting.dollars() == parse_dollars("4")
    assert not accepting.keeper.edition.quarantined
    assert Running(options(server, tmp_path)).dollars() == parse_dollars("0.25")


async def test_an_outlier_of_a_new_model_is_unpriced_not_derived(server: Publisher) -> None:
    def new(listed: list[dict[str, Any]]) -> None:
        openai = next(each for each in listed if each["id"] == "openai")
        prices = {"input_mtok": 1, "output_mtok": 15_000, "output_audio_mtok": 0}
        openai["models"].append({"id": "gpt-new", "match": {"equals": "gpt-new"}, "prices": prices})

    running = Running(options(server))
    server.publish(published(new))
    await running.keeper.refresh()
    assert running.dollars("gpt-new") == parse_dollars("0.1")
    for bucket in ("output_tokens", "reasoning_tokens", "output_image_tokens", "output_audio_tokens"):
        assert running.dollars("gpt-new", **{bucket: 1_000}) is None


async def test_a_fee_for_requests_in_quarantine_is_unpriced_not_free(server: Publisher) -> None:
    def new(listed: list[dict[str, Any]]) -> None:
        perplexity = next(each for each in listed if each["id"] == "perplexity")
        prices = {"input_mtok": 1, "output_mtok": 1, "requests_kcount": 12_000}
        perplexity["models"].append({"id": "sonar-new", "match": {"equals": "sonar-new"}, "prices": prices})

    running = Running(options(server))
    server.publish(published(new))
    await running.keeper.refresh()
    event = usage("perplexity", "sonar-new", time=running.clock.now(), input_tokens=1_000, requests=2)
    rating = running.pricer.rate(event, "acme")
    assert (rating.status, list(rating.unpriced_buckets)) == (RATING_STATUS_PARTIAL, ["requests"])
    assert rating.cost_picos == parse_dollars("0.001")
    assert rating.shadow_cost_picos == 2 * ShadowOptions().prices().requests // 1_000_000
    assert rating.assumptions == ["the list's price is in quarantine and there is no last good one"]


async def test_the_second_catalogue_finds_what_looks_sane(server: Publisher, tmp_path: Path) -> None:
    def new(listed: list[dict[str, Any]]) -> None:
        openai = next(each for each in listed if each["id"] == "openai")
        for name in ("gpt-right", "gpt-wrong"):
            openai["models"].append({"id": name, "match": {"equals": name}, "prices": {"input_mtok": 4}})
        model(listed, *GPT)["prices"]["input_mtok"] = 40  # A jump that the second catalogue confirms.

    entry = {"litellm_provider": "openai"}
    second = tmp_path / "litellm.json"
    second.write_text(
        json.dumps(
            {
                "gpt-right": entry | {"input_cost_per_token": 4e-06},
                "gpt-wrong": entry | {"input_cost_per_token": 4e-07},
                "gpt-4o": entry | {"input_cost_per_token": 4e-05},
            }
        )
    )
    running = Running(options(server, second_catalogue=str(second)))
    server.publish(published(new))
    await running.keeper.refresh()
    assert running.dollars("gpt-right") == parse_dollars("0.4")
    assert running.dollars("gpt-wrong") is None
    assert running.dollars() == parse_dollars("4")


async def test_a_second_catalogue_that_is_away_is_told_of(server: Publisher, tmp_path: Path) -> None:
    running = Running(options(server, second_catalogue=str(tmp_path / "nowhere.json")))
    assert await running.keeper.refresh()
    assert "second catalogue: " in running.keeper.health().detail
