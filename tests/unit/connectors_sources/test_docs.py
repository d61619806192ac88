"""The pages of these sources: what they tell a user to set is taken as written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from services.connectors.settings import ConnectorOptions
from services.connectors.sources import CONNECTORS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "connectors"
SETTING = re.compile(r"export AIFINOPS_CONNECTORS__POLLERS='(\[.*?\])'", re.DOTALL)
POLLED_BY_HAND = re.compile(r"aifinops connectors poll (\S+) --from")
PAGES = {
    "anthropic-admin.md": {"anthropic-usage", "anthropic-costs", "claude-code-analytics"},
    "github-copilot.md": {"copilot-seats", "copilot-billing"},
    "cursor.md": {"cursor-usage", "cursor-seats", "cursor-spend"},
}


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_of_a_page_are_valid_and_name_its_connectors(page: str) -> None:
    text = (DOCS / page).read_text()
    [setting] = SETTING.findall(text)
    pollers = ConnectorOptions(pollers=json.loads(setting)).pollers
    assert {poller.connector for poller in pollers} == PAGES[page]
    assert {poller.poller().connector.name for poller in pollers} <= CONNECTORS.keys()
    assert set(POLLED_BY_HAND.findall(text)) <= {poller.name for poller in pollers}
    assert all(f"`{name}`" in text for name in PAGES[page])
