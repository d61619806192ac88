"""A crowd of clients that never gives up, a day of events that is sent over and over, and a hand that breaks things."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.allinone.engines.embedded import EmbeddedClickHouse
from tests.e2e.events import event, price
from tests.e2e.running import Cluster
from tests.kafka import RealKafka, RealKafkaMissing

DAY_SECONDS = 86_400
GROWS_EVERY = 7
"""Each seventh event is sent as a part first, and then as what it became: a revision."""


def lasting_kafka(folder: Path) -> RealKafka:
    """A broker that can be killed and comes back with its log, started; skips the test where there is none."""
    broker = RealKafka(folder)
    try:
        broker.start()
    except RealKafkaMissing as missing:
        pytest.skip(f"needs a broker that can be killed and comes back with its log: {missing}")
    return broker


class Day:
    """The events of a day, spread over its hours, and what they come to."""

    def __init__(self, count: int, now: datetime) -> None:
        self.count = count
        self._now = now

    def final(self, number: int) -> dict[str, Any]:
        """An event as it is in the end."""
        moment = self._now - timedelta(seconds=number * DAY_SECONDS / self.count)
        return {**event(number), "time": moment.isoformat()}

    def grows(self, number: int) -> bool:
        return number % GROWS_EVERY == 0

    def partial(self, number: int) -> dict[str, Any]:
        """An event that grows, as it is seen first."""
        whole = self.final(number)
        usage = {name: quantity if name == "requests" else quantity // 2 for name, quantity in whole["usage"].items()}
        return {**whole, "usage": usage}

    def costs(self) -> dict[str, int]:
        """Picodollars by id."""
        finals = (self.final(number) for number in range(self.count))
        return {e["id"]: int(price(e["model"], e["usage"]).scaleb(12)) for e in finals}


@dataclass
class Tally:
    """What the clients saw."""

    answers: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    longest_wait: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, what: str) -> None:
        with self.lock:
            self.answers[what] += 1

    def took(self, events: int, seconds: float) -> None:
        with self.lock:
            self.accepted += events
            self.longest_wait = max(self.longest_wait, seconds)


class Sender(threading.Thread):
    """One client with every n-th event of the day: sends them, sends whole ranges again, and retries until 202.

    One thread sends one event's parts, each acknowledged before the next, as one source would.
    """

    def __init__(
        self, day: Day, share: tuple[int, int], url: str, key: str, tally: Tally, seed: int, seconds: float
    ) -> None:
        super().__init__(daemon=True)
        first, step = share
        self._numbers = range(first, day.count, step)
        self._day = day
        self._tally = tally
        self._random = random.Random(seed)
        self._seconds = seconds
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120, trust_env=False
        )
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._send_day()
            self._send_range(self._numbers)  # The whole day once more.
        except BaseException as error:
            self.failure = error
        finally:
            self._client.close()

    def _send_day(self) -> None:
        """All events, evenly over the time given; now and then a range that was sent before."""
        started, at = time.monotonic(), 0
        while at < len(self._numbers):
            size = self._random.randint(1, 60)
            numbers = self._numbers[at : at + size]
            self._post([self._day.partial(n) if self._day.grows(n) else self._day.final(n) for n in numbers])
            growing = [self._day.final(n) for n in numbers if self._day.grows(n)]
            if growing:
                self._post(growing)
            at += len(numbers)
            if self._random.random() < 0.15:
                begin = self._random.randrange(at)
                self._send_range(self._numbers[begin : min(at, begin + self._random.randint(1, 400))])
            pace = started + self._seconds * at / len(self._numbers) - time.monotonic()
            if pace > 0:
                time.sleep(pace)

    def _send_range(self, numbers: Sequence[int]) -> None:
        size = self._random.randint(20, 500)
        for start in range(0, len(numbers), size):
            self._post([self._day.final(number) for number in numbers[start : start + size]])

    def _post(self, events: list[dict[str, Any]]) -> None:
        began = time.monotonic()
        while True:
            pause = 0.2
            try:
                answer = self._client.post("/v1/events", json=events)
            except httpx.TransportError as error:
                self._tally.answered(type(error).__name__)
            else:
                self._tally.answered(str(answer.status_code))
                if answer.status_code == 202:
                    assert answer.json() == {"accepted": len(events), "rejected": []}, answer.text
                    break
                assert answer.status_code in (429, 503), (answer.status_code, answer.text)
                pause = min(5.0, float(answer.headers["Retry-After"]))
            time.sleep(pause)
        self._tally.took(len(events), time.monotonic() - began)
        if self._random.random() < 0.1:  # The answer was lost on its way.
            self._tally.answered("resent")
            self._post(events)


class Hand:
    """Kills services and engines, and brings them back. Children die with the thread that started them, so this one
    works in the test's own."""

    def __init__(
        self, cluster: Cluster, broker: RealKafka, engine: EmbeddedClickHouse, seed: int, outage_seconds: float
    ) -> None:
        self._cluster = cluster
        self._broker = broker
        self._engine = engine
        self._random = random.Random(seed)
        self._outage = outage_seconds
        self.done: Counter[str] = Counter()

    def work(self) -> None:
        """Each service, Kafka, ClickHouse, and each service again; services die during the outages too."""
        self._kill_each()
        self._outage_of("Kafka", self._broker.kill, self._broker.start)
        self._outage_of("ClickHouse", self._engine.process.kill, lambda: asyncio.run(self._engine.start()))
        self._kill_each()

    def _outage_of(self, name: str, kill: Callable[[], None], start: Callable[[], None]) -> None:
        kill()
        until = time.monotonic() + self._outage
        # Services die and come back while what they stand on is away.
        self._kill_each(until)
        time.sleep(max(0.0, until - time.monotonic()))
        start()
        self.done[f"{name} away"] += 1

    def _kill_each(self, until: float | None = None) -> None:
        groups = list(self._cluster.groups)
        self._random.shuffle(groups)
        for group in groups:
            pause = self._random.uniform(0.2, max(0.4, self._outage / len(groups)))
            if until is not None and time.monotonic() + pause > until:
                return
            time.sleep(pause)
            self._cluster.kill(group)
            time.sleep(self._random.uniform(0.0, 1.0))
            self._cluster.start(group)
            self.done["kill -9"] += 1


def dollars(picos: int) -> Decimal:
    """Picodollars as the API shows them."""
    return Decimal(picos).scaleb(-12)
