"""`aifinops up` on embedded engines: everything under one folder, found again after any end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.events import event, total
from tests.e2e.running import AIFINOPS, Client, Up, children_left, eventually
from tests.runtime import only_runtime


@pytest.fixture
def starts() -> Iterator[Callable[..., Up]]:
    """`Up(...)`; whatever still runs at the end of the test is killed."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(Up(*arguments))


def _spend(client: Client) -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs(granularity="total")), Decimal(0))


def _reaches(client: Client, expected: Decimal) -> None:
    eventually(lambda: _spend(client), lambda amount: amount == expected, seconds=90)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_data_outlives_sigterm_and_sigkill(tmp_path: Path, starts: Callable[..., Up]) -> None:
    data = tmp_path / "data"
    events = [event(number) for number in range(600)]
    first = starts(data)
    client = first.client()
    budget = client.post("/api/v1/budgets", {"display_name": "All", "amount": "100.00", "period": "quarter"})
    made = client.post("/api/v1/keys", {"name": "gateway", "role": "ingest"})
    client.send(events[:200])
    _reaches(client, total(events[:200]))
    assert first.stop() == 0

    second = starts(data)
    assert second.addresses["key"] == first.addresses["key"]
    client = second.client()
    _reaches(client, total(events[:200]))
    with_made = Client(client.url, made["key"])
    answer = eventually(lambda: with_made.http.post("/v1/events", json=events[:10]), lambda a: a.status_code != 503)
    assert answer.status_code == 202, "a key works again after a restart"
    client.send(events[:400])
    second.kill()  # The broker and its log are gone; the journal has what was accepted.

    third = starts(data)
    client = third.client()
    client.send(events[300:600])
    _reaches(client, total(events))
    status = eventually(
        lambda: client.get(f"/api/v1/{budget['name']}/status"),
        lambda status: not status["rebuilding"] and Decimal(status["actual"]) == total(events),
    )
    assert status["budget"]["display_name"] == "All"
    refused = subprocess.run(
        [*AIFINOPS, "up", "--data", str(data), "--http-port", "0", "--grpc-port", "0"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "another `aifinops up` runs on" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert third.stop(signal.SIGINT) == 0
    assert not children_left(data)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [*AIFINOPS, "up", "--data", str(tmp_path / "d"), "--http-port", str(port), "--grpc-port", "0"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_missing_setting_is_named() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")}
    refused = subprocess.run([*AIFINOPS, "run", "budget"], env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 78
    assert "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS is not set" in refused.stderr
    unknown = subprocess.run([*AIFINOPS, "run", "bugdet"], env=environment, capture_output=True, text=True, timeout=60)
    assert unknown.returncode == 2
    assert "bugdet" in unknown.stderr


def test_the_demo_needs_nothing_but_the_public_api_and_what_is_installed_at_run_time(
    tmp_path: Path, starts: Callable[..., Up], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short history, and then everything the console shows is there."""
    for name, value in only_runtime(tmp_path).items():
        monkeypatch.setenv(name, value)
    data = tmp_path / "data"
    up = starts(data)
    player = subprocess.run(
        [*AIFINOPS[:-1], "services.demo", "--url", up.addresses["http"], "--days", "3", "--once"],
        env={**os.environ, "AIFINOPS_KEY": up.addresses["key"]}, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert player.returncode == 0, player.stderr[-3000:]
    client = up.client()
    rows = eventually(lambda: client.costs(group_by="team"), lambda rows: len(rows) >= 10)
    assert all(Decimal(row["cost"]) > 0 for row in rows)
    assert client.get("/api/v1/budgets")["budgets"]
    tools = eventually(
        lambda: client.get("/api/v1/tools")["tools"],
        lambda tools: any(tool["status"].lower() == "shadow" for tool in tools),
    )
    assert len(tools) > 3
    assert up.stop() == 0
