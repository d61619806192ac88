"""The book's life: copies from a real server, good and bad, judged and put in force while it rates."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from services.common.clock import DAY, SystemClock
from services.common.money import parse_dollars
from services.pricing.adapters.price_book.refusal import Refusal
from services.pricing.adapters.refresh import open_book
from services.pricing.domain.overrides import Override
from services.pricing.settings import BookOptions
from tests.unit.pricing.book_running import GOOD, GPT, Running, dearer, metric, options
from tests.unit.pricing.price_source import Publisher, published, times


async def test_a_good_copy_is_put_in_force_everywhere(server: Publisher, tmp_path: Path) -> None:
    running = Running(options(server, tmp_path))
    assert (running.dollars(), running.listed()) == (parse_dollars("0.25"), parse_dollars("2.5"))
    before = running.pricer.book.version
    server.publish(published(dearer))
    assert await running.keeper.refresh()
    assert (running.dollars(), running.listed()) == (parse_dollars("0.3"), parse_dollars("3"))
    version = running.pricer.book.version
    assert version != before
    assert version == running.desk.version
    assert metric("aifinops_price_book_info", version=version, origin="copy") == 1
    assert metric("aifinops_price_book_info", version=before, origin="wheel") is None
    assert running.keeper.health().detail == ""


async def test_contracts_outlive_the_swap(server: Publisher) -> None:
    running = Running(options(server))
    prices = {"input_tokens": ((0, parse_dollars("1")),)}
    running.pricer.use([Override("acme", *GPT, "standard", False, prices, 1, 0, 1)])
    server.publish(published(dearer))
    await running.keeper.refresh()
    assert running.dollars() == parse_dollars("0.1")


async def test_the_copy_counts_after_a_restart_without_the_source(server: Publisher, tmp_path: Path) -> None:
    server.publish(published(dearer))
    first = Running(options(server, tmp_path))
    await first.keeper.refresh()
    server.status = 503
    second = Running(options(server, tmp_path))
    assert second.pricer.book.version == first.pricer.book.version
    assert second.dollars() == parse_dollars("0.3")
    assert await second.refused() is Refusal.UNREACHABLE
    assert second.dollars() == parse_dollars("0.3")
    assert "answered 503" in second.keeper.health().detail
    assert second.keeper.health().ready


async def test_an_unchanged_list_is_not_sent_again(server: Publisher, tmp_path: Path) -> None:
    first = Running(options(server, tmp_path))
    assert await first.keeper.refresh()
    assert not await first.keeper.refresh()
    second = Running(options(server, tmp_path))
    assert not await second.keeper.refresh()
    assert server.asked == ["", server.etag, server.etag]


async def test_a_confirmation_makes_the_book_young_again(server: Publisher, tmp_path: Path) -> None:
    running = Running(options(server, tmp_path))
    await running.keeper.refresh()
    running.clock.advance(2 * DAY)
    assert metric("aifinops_price_book_source_age_seconds") == 2 * 86_400
    await running.keeper.refresh()
    assert metric("aifinops_price_book_source_age_seconds") == 0
    kept = open_book(running.options, running.clock.now()).kept
    assert kept is not None
    assert kept.confirmed == running.clock.now()


def cut(server: Publisher) -> None:
    server.cut = 1_000


def truncated(server: Publisher) -> None:
    server.content = GOOD[: len(GOOD) // 2]


def tiny(server: Publisher) -> None:
    server.publish(published(lambda listed: listed.__delitem__(slice(3, None))))


def endless(server: Publisher) -> None:
    server.endless = True


def silent(server: Publisher) -> None:
    server.delay = threading.Event()


def thousandfold(server: Publisher) -> None:
    server.publish(published(times(1_000)))


def a_page(server: Publisher) -> None:
    server.publish(b"<html>sign in</html>")


def gone(server: Publisher) -> None:
    server.status = 404


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        (cut, Refusal.UNREACHABLE), (truncated, Refusal.MALFORMED), (tiny, Refusal.IMPLAUSIBLE),
        (endless, Refusal.TOO_LARGE), (silent, Refusal.UNREACHABLE), (thousandfold, Refusal.IMPLAUSIBLE),
        (a_page, Refusal.MALFORMED), (gone, Refusal.UNREACHABLE),
    ],
)  # fmt: skip
async def test_a_bad_copy_never_replaces_a_good_one(
    server: Publisher, tmp_path: Path, fault: Callable[[Publisher], None], refusal: Refusal
) -> None:
    server.publish(published(dearer))
    running = Running(options(server, tmp_path).model_copy(update={"timeout_seconds": 3}))
    await running.keeper.refresh()
    version = running.pricer.book.version
    server.etag = '"7"'
    fault(server)
    failures = metric("aifinops_price_book_refresh_failures_total", reason=refusal) or 0
    assert await running.refused() is refusal
    assert running.pricer.book.version == version
    assert running.dollars() == parse_dollars("0.3")
    assert metric("aifinops_price_book_refresh_failures_total", reason=refusal) == failures + 1
    detail = running.keeper.health().detail
    assert "refresh: " in detail
    assert f"{version} stays in force" in detail
    assert Running(running.options).pricer.book.version == version


async def test_good_news_end_the_trouble(server: Publisher) -> None:
    running = Running(options(server))
    server.status = 500
    await running.refused()
    server.status = 200
    await running.keeper.refresh()
    assert running.keeper.health().detail == ""


async def test_a_mounted_file(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_bytes(published(dearer))
    running = Running(BookOptions(source=str(file)))
    assert await running.keeper.refresh()
    assert running.dollars() == parse_dollars("0.3")
    assert not await running.keeper.refresh()
    file.unlink()
    assert await running.refused() is Refusal.UNREACHABLE


async def test_it_refreshes_by_itself_and_sees_what_others_put_there(server: Publisher, tmp_path: Path) -> None:
    fast = options(server, tmp_path, interval_minutes=0.001)
    running = Running(fast)
    running.keeper._clock = SystemClock()
    other = Running(BookOptions(folder=str(tmp_path), interval_minutes=0.001))
    await running.keeper.start()
    await other.keeper.start()
    try:
        server.publish(published(dearer))
        async with asyncio.timeout(30):
            while running.dollars() != parse_dollars("0.3") or other.dollars() != parse_dollars("0.3"):
                await asyncio.sleep(0.05)
    finally:
        await running.keeper.stop()
        await other.keeper.stop()
    assert other.pricer.book.version == running.pricer.book.version
