"""The folder in which the last good copy outlives the process.

`copy-<sha256>.json` holds a copy's bytes, `in-force.json` names the one that counts and what of it is out of use. Each
is written beside its place, synced and renamed, the name last: whenever the process is killed, `in-force.json` names a
whole copy.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.common.clock import Micros
from services.pricing.adapters.price_book.refusal import Refusal, RefusedCopyError
from services.pricing.domain.prices import Condition, Ladder
from services.pricing.domain.quarantine import Outlier

_POINTER = "in-force.json"
_SECOND = "second-catalogue.json"
_LATEST: Micros = 10_000_000_000 * 1_000_000
"""In the year 2286."""


@dataclass(frozen=True)
class KeptCopy:
    """What the folder says is in force."""

    content: bytes
    etag: str
    place: str
    """The source it came from; an ETag of another source says nothing."""
    as_of: Micros
    confirmed: Micros
    """When its source last said that it is the newest."""
    outliers: tuple[Outlier, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Shelf:
    """Reads and writes the folder. Blocking: call it from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> KeptCopy | None:
        """The copy in force; None: none was ever kept.

        Raises:
            RefusedCopyError: there is one and it cannot be read, or its bytes are not those that were kept.
        """
        pointer = self._folder / _POINTER
        try:
            if not pointer.exists():
                return None
            stated = json.loads(pointer.read_bytes())
            content = (self._folder / _file_of(stated["sha256"])).read_bytes()
            kept = KeptCopy(
                content=content,
                etag=str(stated["etag"]),
                place=str(stated["place"]),
                as_of=_moment(stated["as_of"]),
                confirmed=_moment(stated["confirmed"]),
                outliers=tuple(_read_outlier(each) for each in stated["outliers"]),
            )
        except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            raise RefusedCopyError(
                Refusal.STORAGE, f"the copy kept in {self._folder} cannot be read ({type(error).__name__}: {error}); "
                "refresh it, or empty the folder"
            ) from None  # fmt: skip
        if kept.sha256 != stated["sha256"]:
            raise RefusedCopyError(
                Refusal.STORAGE, f"the copy kept in {self._folder} is not the one that was kept; refresh it, or empty "
                "the folder"
            )  # fmt: skip
        return kept

    def mark(self) -> tuple[int, int]:
        """Changes whenever another process puts another copy in force."""
        try:
            about = (self._folder / _POINTER).stat()
        except OSError:
            return 0, 0
        return about.st_mtime_ns, about.st_ino

    def put(self, kept: KeptCopy) -> None:
        """Puts a copy in force.

        Raises:
            RefusedCopyError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._folder / _file_of(kept.sha256)
            if not file.exists() or file.read_bytes() != kept.content:
                self._write(file, kept.content)
            stated = {
                "sha256": kept.sha256,
                "etag": kept.etag,
                "place": kept.place,
                "as_of": kept.as_of,
                "confirmed": kept.confirmed,
                "outliers": [_outlier(outlier) for outlier in kept.outliers],
            }
            self._write(self._folder / _POINTER, json.dumps(stated, indent=1).encode())
        except OSError as error:
            raise self._unwritable(error) from None
        for other in self._leftovers(file):
            with suppress(OSError):
                other.unlink()

    def confirm(self, kept: KeptCopy, now: Micros) -> KeptCopy:
        """Notes that a copy is still the newest.

        Raises:
            RefusedCopyError: the folder cannot be written.
        """
        confirmed = replace(kept, confirmed=now)
        self.put(confirmed)
        return confirmed

    def second(self) -> bytes:
        """The kept second catalogue; empty: none."""
        try:
            return (self._folder / _SECOND).read_bytes()
        except OSError:
            return b""

    def put_second(self, content: bytes) -> None:
        """Keeps the second catalogue.

        Raises:
            RefusedCopyError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._folder / _SECOND, content)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> RefusedCopyError:
        return RefusedCopyError(
            Refusal.STORAGE,
            f"{self._folder} cannot be written: {error.strerror or error}; the next start will not know",
        )

    def _write(self, file: Path, content: bytes) -> None:
        draft = file.with_name(f"{file.name}.{os.getpid()}.draft")
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _leftovers(self, current: Path) -> Iterator[Path]:
        """Copies no longer in force, and drafts of processes that were killed."""
        yield from (path for path in self._folder.glob("copy-*.json") if path != current)
        yield from self._folder.glob("*.draft")


def _moment(stated: Any) -> Micros:
    moment = int(stated)
    if not 0 <= moment < _LATEST:
        raise ValueError(f"{moment} is no time")
    return moment


def _file_of(sha256: Any) -> str:
    if not isinstance(sha256, str) or not sha256.isalnum():
        raise ValueError("in-force.json names no copy")
    return f"copy-{sha256}.json"


def _outlier(outlier: Outlier) -> dict[str, Any]:
    return {
        "price_id": outlier.price_id,
        "kind": outlier.kind,
        "starts": outlier.condition.starts,
        "daily": outlier.condition.daily,
        "bucket": outlier.bucket,
        "offered": outlier.offered,
        "suspect": outlier.suspect,
        "reason": outlier.reason,
        "last_good": outlier.last_good,
    }


def _read_outlier(stated: Any) -> Outlier:
    starts, daily = stated["starts"], stated["daily"]
    return Outlier(
        price_id=str(stated["price_id"]),
        kind=str(stated["kind"]),
        condition=Condition(
            starts=None if starts is None else int(starts),
            daily=None if daily is None else (int(daily[0]), int(daily[1])),
        ),
        bucket=str(stated["bucket"]),
        offered=_ladder(stated["offered"]),
        suspect=tuple(int(price) for price in stated["suspect"]),
        reason=str(stated["reason"]),
        last_good=_ladder(stated["last_good"]),
    )


def _ladder(stated: Any) -> Ladder:
    return tuple((int(above), int(price)) for above, price in stated)
