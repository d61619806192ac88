"""The connector that docs/connectors.md shows, as it stands there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.common.clock import SystemClock
from services.connectors.adapters.source_api import HttpApi
from services.connectors.domain.connector import Connector, SourceRefusedError, Unreadable, Window
from services.connectors.domain.rate_limit import TokenBucket
from services.connectors.settings import ConnectorOptions
from tests.fakes.server import FakeServer, Seen, disconnect, rate_limited

PAGE = Path(__file__).parents[3] / "docs" / "connectors.md"
PAGES = PAGE.with_suffix("")
DAY = datetime(2026, 11, 20, tzinfo=UTC)


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(code)


@pytest.fixture
def connector() -> Connector:
    names: dict[str, Any] = {}
    exec(compile(example(), str(PAGE), "exec"), names)
    (found,) = (value for value in names.values() if isinstance(value, Connector))
    return found


def voice(seen: Seen) -> Any:
    """Two pages; the second has a row without a member."""
    days = {"": ("2026-11-20", "ann"), "2": ("2026-11-21", "")}
    day, member = days[seen.one("cursor")]
    row = {"day": day, "member": member, "model": "v2", "calls": 3, "audio_tokens": 900, "usd": Decimal("0.25")}
    return {"items": [row], "next": "" if seen.one("cursor") else "2"}


async def test_the_example_reads_pages_through_faults(connector: Connector) -> None:
    secret = "acme-secret"
    routes = {"GET /v2/teams/t1/usage": voice}
    async with (
        FakeServer(routes, secret=secret, header="x-api-key") as server,
        HttpApi(f"{server.url}/v2", connector.headers(secret), TokenBucket(600), SystemClock()) as api,
    ):
        server.fail_next(rate_limited(0), disconnect())
        window = Window(DAY, DAY + timedelta(days=3))
        good, bad = [row async for page in connector.pages(api, window, {"team": "t1"}) for row in page]
        first, *_, last = server.requests
    assert (first.one("from"), first.one("to")) == ("2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z")
    assert last.one("cursor") == "2"
    assert not isinstance(good, Unreadable)
    assert (good["id"], good["time"]) == ("2026-11-20:ann:v2", "2026-11-20T00:00:00Z")
    assert good["usage"] == {"requests": 3, "input_audio_tokens": 900} and good["source_cost"] == "0.25"
    assert bad == Unreadable("row:0", "member is missing or empty")


async def test_the_example_refuses_another_api(connector: Connector) -> None:
    async with (
        FakeServer({"GET /v2/teams/t1/usage": lambda _: {"error": "moved"}}) as server,
        HttpApi(f"{server.url}/v2", {}, TokenBucket(600), SystemClock()) as api,
    ):
        with pytest.raises(SourceRefusedError, match="without a list 'items'"):
            [row async for row in connector.pages(api, Window(DAY, DAY + timedelta(days=1)), {"team": "t1"})]


def test_a_connector_takes_less_than_sixty_lines(connector: Connector) -> None:
    assert len(example().splitlines()) < 60
    assert connector.options.keys() == {"team"}


@pytest.mark.parametrize("page", sorted(page.name for page in PAGES.glob("*.md") if "POLLERS=" in page.read_text()))
def test_the_settings_a_page_shows_are_taken(page: str) -> None:
    shown = re.findall(r"AIFINOPS_CONNECTORS__POLLERS='(.*?)'", (PAGES / page).read_text(), re.DOTALL)
    assert shown
    for value in shown:
        entries = ConnectorOptions(pollers=json.loads(value)).pollers
        assert [entry.poller().name for entry in entries]
