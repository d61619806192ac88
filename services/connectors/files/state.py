"""What was read of each object, and which events it gave: so that each is read once, and what a bill no longer says is
taken back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from services.connectors.domain.event import Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, etag TEXT NOT NULL, report TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    report TEXT NOT NULL, id TEXT NOT NULL, reading INTEGER NOT NULL, void TEXT NOT NULL, PRIMARY KEY (report, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_by_id ON rows (id);
PRAGMA user_version = 1;
"""


class StateError(Exception):
    """The state cannot be used: which, why, and how to mend it."""


class State:
    """A SQLite file, or one of this process alone, that SQLite deletes. Changes count from `commit` on."""

    def __init__(self, path: Path | None) -> None:
        """
        Raises:
            StateError
        """
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path or "", timeout=5, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StateError(f"{path} cannot be used: {error}; delete it, or name another as `state`") from None

    def etags(self, report: str) -> dict[str, str]:
        """The objects a report was read from."""
        return dict(self._database.execute("SELECT key, etag FROM objects WHERE report = ?", (report,)))

    def is_known(self, report: str) -> bool:
        """Whether it was read before."""
        return bool(self._database.execute("SELECT 1 FROM objects WHERE report = ? LIMIT 1", (report,)).fetchone())

    def begin(self, report: str) -> int:
        """A reading of a report: to be given with its events."""
        row = self._database.execute("SELECT max(reading) FROM rows WHERE report = ?", (report,)).fetchone()
        return int(row[0] or 0) + 1

    def gave(self, report: str, reading: int, events: Iterable[Event]) -> None:
        """Events of this reading."""
        self._database.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)",
            [(report, event["id"], reading, json.dumps(nothing(event))) for event in events],
        )

    def taken_back(self, report: str, reading: int) -> Iterator[list[Event]]:
        """Events of earlier readings that this one did not give, and no other report gives either: as revisions to
        nothing. Pages of 500."""
        found = self._database.execute(
            "SELECT void FROM rows AS mine WHERE report = ? AND reading < ? AND NOT EXISTS"
            " (SELECT 1 FROM rows AS others WHERE others.id = mine.id AND others.report <> mine.report)",
            (report, reading),
        )
        while page := found.fetchmany(500):
            yield [cast(Event, json.loads(text)) for (text,) in page]

    def commit(self, report: str, reading: int, etags: dict[str, str]) -> None:
        """The reading is over, and all its events were accepted."""
        with self._database:
            self._database.execute("DELETE FROM rows WHERE report = ? AND reading < ?", (report, reading))
            self._database.execute("DELETE FROM objects WHERE report = ?", (report,))
            self._database.executemany(
                "INSERT INTO objects VALUES (?, ?, ?)", [(key, etag, report) for key, etag in etags.items()]
            )

    def rollback(self) -> None:
        """The reading did not come to its end."""
        self._database.rollback()


def nothing(event: Event) -> Event:
    """The same event with nothing used and nothing paid."""
    zero: dict[str, Any] = {**event}
    if event.get("measurement") == "reported" and "source_cost" in event:
        zero |= {"usage": {}, "source_cost": "0"}
    else:
        zero |= {"usage": {"requests": 0}}
        if "source_cost" in zero:
            zero["source_cost"] = "0"
    return cast(Event, zero)
