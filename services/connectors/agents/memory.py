"""What was collected already: how far each log was read, and what was sent of each request."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.connectors.agents.use import Context, Use

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    position INTEGER NOT NULL, context TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uses (
    agent TEXT NOT NULL, id TEXT NOT NULL, weight INTEGER NOT NULL, time TEXT NOT NULL, PRIMARY KEY (agent, id)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class ForgottenError(Exception):
    """The file that remembers cannot be used: which, why, and how to mend it."""


@dataclass(frozen=True)
class Seen:
    """A file as it was when it was last read."""

    size: int
    modified_ns: int
    inode: int
    position: int = 0
    """Where the next line starts."""
    context: Context = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Seen:
        """A file as it is now, unread.

        Raises:
            OSError
        """
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ino)

    def is_same(self, other: Seen) -> bool:
        """Nothing was written in between."""
        return (self.size, self.modified_ns, self.inode) == (other.size, other.modified_ns, other.inode)

    def grew_into(self, later: Seen) -> bool:
        """The later one is this one with lines added; else it was written anew."""
        return self.inode == later.inode and self.position <= later.size and self.size <= later.size


@dataclass(frozen=True)
class Sent:
    """A request as it was last sent."""

    weight: int
    time: str


class Memory:
    """A SQLite file. Losing it costs time: everything is read and sent again, and counts once."""

    def __init__(self, path: Path | None) -> None:
        """
        Args:
            path: of the file; None forgets at the end.

        Raises:
            ForgottenError
        """
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = sqlite3.connect(path or ":memory:", timeout=5, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise ForgottenError(f"{path} cannot be used: {error}; delete it, or name another with --state") from None

    def close(self) -> None:
        """Frees the file."""
        self._database.close()

    def seen(self, path: Path) -> Seen | None:
        """How a file was when it was read."""
        row = self._database.execute(
            "SELECT size, modified_ns, inode, position, context FROM files WHERE path = ?", (str(path),)
        ).fetchone()
        if row is None:
            return None
        size, modified_ns, inode, position, context = row
        return Seen(size, modified_ns, inode, position, json.loads(context))

    def sent(self, agent: str, id: str) -> Sent | None:
        """What was sent of a request."""
        row = self._database.execute("SELECT weight, time FROM uses WHERE agent = ? AND id = ?", (agent, id)).fetchone()
        return Sent(*row) if row else None

    def keep(self, files: Mapping[Path, Seen], uses: Iterable[tuple[str, Use]]) -> None:
        """Files as they were read, and the requests in them that were sent, at once.

        Raises:
            ForgottenError
        """
        try:
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (str(path), seen.size, seen.modified_ns, seen.inode, seen.position, json.dumps(seen.context))
                        for path, seen in files.items()
                    ],
                )
                self._database.executemany(
                    "INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?)",
                    [(agent, use.id, use.weight, use.time) for agent, use in uses],
                )
        except sqlite3.Error as error:
            raise ForgottenError(f"the state cannot be written: {error}") from None
