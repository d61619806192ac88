"""Rows to ingest, and each refusal back to its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.connectors.domain.event import Event
from services.connectors.files.reading import Options, Reading
from services.connectors.handlers.importing import BATCH, Rejected, Summary, send_all


@dataclass(frozen=True)
class Refusal:
    index: int
    code: str
    message: str


@dataclass(frozen=True)
class Taken:
    accepted: int
    rejected: Sequence[Refusal] = ()


class Ingest:
    """Refuses users called eve."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.away_from = 10**9

    async def send(self, events: Sequence[Event]) -> Taken:
        if len(self.batches) >= self.away_from:
            raise ConnectionError("away")
        self.batches.append(list(events))
        refused = [Refusal(n, "no_eve", "user: eve") for n, event in enumerate(events) if event.get("user") == "eve"]
        return Taken(len(events) - len(refused), refused)


def _file(folder: Path, rows: int) -> Path:
    path = folder / "usage.csv"
    lines = [f"id-{n},2026-11-20,{'eve' if n == 777 else 'ann'},{'x' if n == 3 else n}\n" for n in range(rows)]
    path.write_text("id,time,user,requests\n" + "".join(lines))
    return path


async def test_batches_and_refusals(tmp_path: Path) -> None:
    path = _file(tmp_path, 2 * BATCH + 10)
    ingest, rejected, told = Ingest(), list[Rejected](), list[tuple[int, int]]()

    def tell(summary: Summary) -> None:
        told.append((summary.accepted, summary.rejected))

    summary = await send_all(Reading([path], Options()), ingest, rejected.append, tell)
    assert (summary.accepted, summary.rejected) == (2 * BATCH + 8, 2)
    assert dict(summary.reasons) == {"unusable_row": 1, "no_eve": 1}
    assert told == [(BATCH - 1, 1), (2 * BATCH - 2, 2), (2 * BATCH + 8, 2)]
    assert [len(batch) for batch in ingest.batches] == [BATCH - 1, BATCH, 10]
    assert [event["id"] for batch in ingest.batches for event in batch] == [
        f"id-{n}" for n in range(2 * BATCH + 10) if n != 3
    ]
    bad, eve = rejected
    assert (bad.line, bad.code, bad.event) == (5, "unusable_row", None)
    assert (eve.line, eve.code, eve.message) == (779, "no_eve", "user: eve")
    found: Any = eve.event
    assert found["id"] == "id-777"


async def test_an_outage_ends_it(tmp_path: Path) -> None:
    ingest = Ingest()
    ingest.away_from = 1
    with pytest.raises(ConnectionError):
        await send_all(Reading([_file(tmp_path, 3 * BATCH)], Options()), ingest, lambda _: None)
    assert len(ingest.batches) == 1
