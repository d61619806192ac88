"""The sources, each with a recorded answer and the window it belongs to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.common.clock import ManualClock, parse_rfc3339
from services.connectors.domain.connector import Connector, Window
from services.connectors.sources import (
    anthropic_costs,
    anthropic_usage,
    claude_code_analytics,
    copilot_billing,
    copilot_seats,
    cursor_seats,
    cursor_spend,
    cursor_usage,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "connectors"


def golden(name: str) -> Any:
    """A recorded answer."""
    return json.loads((GOLDEN / name).read_text())


def window(start: str, end: str) -> Window:
    """Of whole days."""
    return Window(*(datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (start, end)))


CLOCK = ManualClock(parse_rfc3339("2026-11-23T12:00:00Z"))
TODAY = window("2026-11-23", "2026-11-24")
OPTIONS = {"organization": "acme", "plan": "cursor-teams"}

SOURCES: tuple[tuple[Connector, str, Window], ...] = (
    (anthropic_usage.CONNECTOR, "anthropic-usage.json", window("2025-08-01", "2025-08-02")),
    (anthropic_costs.CONNECTOR, "anthropic-costs.json", window("2025-08-01", "2025-08-02")),
    (claude_code_analytics.CONNECTOR, "claude-code-analytics.json", window("2025-09-08", "2025-09-09")),
    (replace(copilot_seats.CONNECTOR, pages=copilot_seats.snapshots(CLOCK)), "copilot-seats.json", TODAY),
    (copilot_billing.CONNECTOR, "copilot-billing.json", window("2026-06-03", "2026-06-04")),
    (cursor_usage.CONNECTOR, "cursor-usage.json", window("2025-06-26", "2025-06-27")),
    (replace(cursor_spend.CONNECTOR, pages=cursor_spend.cycles(CLOCK)), "cursor-spend.json", TODAY),
    (replace(cursor_seats.CONNECTOR, pages=cursor_seats.snapshots(CLOCK)), "cursor-members.json", TODAY),
)
