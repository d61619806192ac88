"""The book's life: copies from a real server, good and bad, judged, kept on disk and put in force while it rates."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from finops.pricing.v1.pricing_pb2 import ListPricesRequest
from prometheus_client import REGISTRY

from services.common.clock import DAY, HOUR, ManualClock, SystemClock
from services.common.money import parse_dollars
from services.pricing.adapters.price_book.refusal import Refusal, RefusedCopyError
from services.pricing.adapters.refresh import PriceBookKeeper, open_book
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.desk import PriceDesk
from services.pricing.settings import BookOptions, ShadowOptions
from tests.unit.pricing.events import usage
from tests.unit.pricing.price_source import Publisher, model, published, publisher, times

GOOD = published()
GPT = "openai", "gpt-4o"


def dearer(listed: list[dict[str, Any]]) -> None:
    """gpt-4o at $3 instead of $2.50 a million."""
    model(listed, *GPT)["prices"]["input_mtok"] = 3


def a_thousand_times(listed: list[dict[str, Any]]) -> None:
    model(listed, *GPT)["prices"]["input_mtok"] = 2_500


@pytest.fixture
def server() -> Iterator[Publisher]:
    with publisher(GOOD) as told:
        yield told


class NoContracts:
    async def put(self, override: Override, recorded_by: str) -> None:
        raise AssertionError("no contract is put here")

    def ensure_loaded(self) -> None:
        pass


@dataclass
class Running:
    """A pricer whose book is kept fresh."""

    options: BookOptions
    clock: ManualClock = field(default_factory=lambda: ManualClock(SystemClock().now()))

    def __post_init__(self) -> None:
        opening = open_book(self.options, self.clock.now())
        self.opened = opening
        self.pricer = Pricer(opening.edition.book, ShadowOptions().prices())
        self.keeper = PriceBookKeeper(self.options, opening, self.pricer.use_book, self.clock)
        self.desk = PriceDesk(self.pricer, NoContracts(), self.clock)

    def dollars(self, model: str = "gpt-4o", **quantities: int) -> int | None:
        """Cost of a million input tokens of an OpenAI model; None: unpriced."""
        quantities = quantities or {"input_tokens": 100_000}
        rating = self.pricer.rate(usage("openai", model, time=self.clock.now(), **quantities), "acme")
        return None if rating.unpriced_buckets else rating.cost_picos

    def listed(self) -> int:
        """What the desk lists for gpt-4o's input."""
        request = ListPricesRequest(provider="openai", page_size=1_000)
        price = next(p for p in self.desk.list_prices("acme", request).prices if p.name == "prices/openai/gpt-4o")
        return next(b.price_picos_per_million for b in price.buckets if b.bucket == "input_tokens")

    async def refused(self) -> Refusal:
        with pytest.raises(RefusedCopyError) as caught:
            await self.keeper.refresh()
        return caught.value.refusal


def options(server: Publisher, folder: Path | None = None, **more: Any) -> BookOptions:
    return BookOptions(source=server.url, folder=str(folder or ""), timeout_seconds=5, **more)


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


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
    running = Running(options(server, tmp_path).model_copy(update={"timeout_seconds": 1}))
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


@pytest.mark.parametrize("damage", ["copy", "pointer", "missing"])
async def test_a_damaged_folder_is_said_not_hidden(server: Publisher, tmp_path: Path, damage: str) -> None:
    server.publish(published(dearer))
    await Running(options(server, tmp_path)).keeper.refresh()
    copy = tmp_path / f"copy-{hashlib.sha256(server.content).hexdigest()}.json"
    if damage == "copy":
        copy.write_bytes(copy.read_bytes()[:-1])
    elif damage == "missing":
        copy.unlink()
    else:
        (tmp_path / "in-force.json").write_text('{"sha256": "')
    failures = metric("aifinops_price_book_refresh_failures_total", reason="storage") or 0
    running = Running(options(server, tmp_path))
    assert running.opened.edition.origin == "wheel"
    assert "kept copy: " in running.keeper.health().detail
    assert metric("aifinops_price_book_refresh_failures_total", reason="storage") == failures + 1
    await running.keeper.refresh()
    assert running.keeper.health().detail == ""
    assert Running(options(server, tmp_path)).dollars() == parse_dollars("0.3")


async def test_a_folder_that_cannot_be_written_is_told_of(server: Publisher, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    running = Running(options(server, blocked / "folder"))
    server.publish(published(dearer))
    await running.keeper.refresh()
    assert running.dollars() == parse_dollars("0.3")
    assert "cannot be written" in running.keeper.health().detail


_WRITER = """
import sys
from pathlib import Path
from services.pricing.adapters.price_book.shelf import KeptCopy, Shelf
shelf, copies = Shelf(Path(sys.argv[1])), [Path(each).read_bytes() for each in sys.argv[2:]]
print("ready", flush=True)
number = 0
while True:
    number += 1
    shelf.put(KeptCopy(copies[number % 2], str(number), "here", 1_795_000_000_000_000, number, ()))
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_writing(tmp_path: Path) -> None:
    ends = []
    for name, change in (("a", dearer), ("b", a_thousand_times)):
        (tmp_path / name).write_bytes(published(change))
    folder = tmp_path / "kept"
    for round_ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(folder), str(tmp_path / "a"), str(tmp_path / "b")],
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.013 * round_)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        opening = open_book(BookOptions(folder=str(folder)), SystemClock().now() - HOUR)
        assert opening.trouble is None
        assert opening.kept is not None
        assert opening.kept.content in ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes())
        ends.append(opening.kept.etag)
    assert len(set(ends)) > 1
