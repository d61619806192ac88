"""Bills and usage files in a folder or an object store, read as they arrive and as they change."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

from services.connectors.adapters.objects import ChangedError, ObjectFolder, StoredObject
from services.connectors.domain.connector import Api, Connector, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.files.deliveries import Delivery, deliveries
from services.connectors.files.mapping import Assignment, Mapped, MappingError
from services.connectors.files.opening import FileError
from services.connectors.files.reading import Format, Found, Options, Reading
from services.connectors.files.state import State, StateError

PAGE = 500

Page = Sequence[Event | Unreadable]

OPTIONS = {"url": "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, or a folder"}

OPTIONAL = {
    "state": "file that remembers what was read; without it everything is read again after a restart",
    "format": f"one of {', '.join(Format)}",
    "cost": "of a bill: which of its costs",
    "map": "COLUMN=FIELD, separated by commas",
    "all_rows": "true: of a bill also services that are not AI",
    "encoding": "of text files",
    "region": "of the bucket",
    "endpoint": "of a store that speaks S3",
}


class Folder(Protocol):
    """Where objects are."""

    async def objects(self) -> Sequence[StoredObject]: ...

    async def fetch(self, wanted: StoredObject, to: Path) -> None:
        """Raises ChangedError."""
        ...


OpenFolder = Callable[[str, Mapping[str, str]], Folder]


@dataclass(frozen=True)
class Fetched:
    """A part of a delivery, here."""

    part: StoredObject
    path: Path


class FileSource:
    """Reads each object once for each of its contents.

    A bill is read whole whenever one of its parts is new, changed or gone: its events keep their ids, so that changed
    amounts are revisions, and events it no longer gives are revised to nothing. Any other file is read by itself.
    """

    def __init__(self, open_folder: OpenFolder = ObjectFolder) -> None:
        self._open = open_folder
        self._states: dict[tuple[str, str], State] = {}

    async def pages(self, _api: Api, window: Window, options: Mapping[str, str]) -> AsyncIterator[Page]:
        """What is new, whenever it happened; of what was never read before, only from the window's start on.

        After each delivery comes an empty page: what came before must be accepted once the next page is asked for,
        since then the delivery counts as read.

        Raises:
            SourceRefusedError, UnavailableError
        """
        store = {name: options[name] for name in ("region", "endpoint") if options.get(name)}
        folder = self._open(options["url"], store)
        look = _Look(folder, _options(options), self._state(options), window.start)
        for delivery in deliveries(await folder.objects()):
            with tempfile.TemporaryDirectory(prefix="aifinops-") as here:
                try:
                    async for page in look.delivery(delivery, Path(here)):
                        yield page
                except ChangedError:
                    continue  # It is being written; the next poll finds it whole.
                finally:
                    look.state.rollback()

    def _state(self, options: Mapping[str, str]) -> State:
        path = options.get("state", "")
        key = (path, "" if path else options["url"])
        if key not in self._states:
            try:
                self._states[key] = State(Path(path) if path else None)
            except StateError as error:
                raise SourceRefusedError(str(error)) from None
        return self._states[key]


@dataclass(frozen=True)
class _Look:
    """One poll of one folder."""

    folder: Folder
    how: Options
    state: State
    start: datetime
    """Of the window."""

    async def delivery(self, delivery: Delivery[StoredObject], here: Path) -> AsyncIterator[Page]:
        """What is new in a delivery. Its parts are fetched into `here`."""
        parts, before = {part.key: part for part in delivery.parts}, self.state.etags(delivery.name)
        new = [part for part in parts.values() if part.etag not in (before.get(part.key), self._etag(part.key))]
        bills: list[Fetched] = []
        damaged = False
        for part in new:
            fetched = await self._fetched(part, here)
            try:
                _, reader = await asyncio.to_thread(Reading([fetched.path], self.how).interpreted, fetched.path)
            except (FileError, MappingError) as error:
                damaged |= isinstance(error, FileError)
                yield [_unreadable(fetched, error)]
                continue
            if isinstance(reader, Mapped):
                async for page in self._read(part.key, [fetched]):
                    yield page
                fetched.path.unlink()
            else:
                bills.append(fetched)
        known = [part for key, part in parts.items() if part.etag == before.get(key)]
        fewer = len(known) + len(bills) < len(before)
        # A bill all of whose parts are gone was cleaned up, not taken back; without a damaged part it is not whole.
        if damaged or not (bills or (known and fewer)):
            return
        bills += [await self._fetched(part, here) for part in known]
        async for page in self._read(delivery.name, sorted(bills, key=_key)):
            yield page

    async def _read(self, report: str, files: Sequence[Fetched]) -> AsyncIterator[Page]:
        """Everything a report gives, and what it gave before and no longer does."""
        state = self.state
        from_start = not state.is_known(report)
        reading_number = state.begin(report)
        names = {file.path: file.part.key for file in files}
        items = iter(Reading([file.path for file in files], self.how))

        def take() -> tuple[list[Event | Unreadable], bool]:
            page: list[Event | Unreadable] = []
            batch = list(islice(items, PAGE))
            for item in batch:
                if not isinstance(item, Found):
                    page.append(Unreadable(f"{names[item.path]}:{item.line}", item.message))
                elif not from_start or datetime.fromisoformat(item.event["time"]) >= self.start:
                    page.append(item.event)
            return page, len(batch) < PAGE

        ended = False
        while not ended:
            try:
                page, ended = await asyncio.to_thread(take)
            except (FileError, MappingError) as error:
                yield [_unreadable(files[0], error)]
                state.rollback()
                return
            state.gave(report, reading_number, [row for row in page if not isinstance(row, Unreadable)])
            if page:
                yield page
        for gone in state.taken_back(report, reading_number):
            yield gone
        yield []
        state.commit(report, reading_number, {file.part.key: file.part.etag for file in files})

    def _etag(self, key: str) -> str | None:
        """Of a file that is read by itself, as it was read."""
        return self.state.etags(key).get(key)

    async def _fetched(self, part: StoredObject, here: Path) -> Fetched:
        path = here / hashlib.blake2b(part.key.encode(), digest_size=16).hexdigest()
        await self.folder.fetch(part, path)
        return Fetched(part, path)


def _key(fetched: Fetched) -> str:
    return fetched.part.key


def _unreadable(fetched: Fetched, error: Exception) -> Unreadable:
    return Unreadable(fetched.part.key, str(error).replace(str(fetched.path), fetched.part.key))


def _options(options: Mapping[str, str]) -> Options:
    try:
        assignments = [Assignment.of(each.strip()) for each in options.get("map", "").split(",") if each.strip()]
        found = Options(Format(options.get("format") or "auto"), assignments)
        "".encode(options.get("encoding") or "utf-8")
    except (MappingError, ValueError, LookupError) as error:
        raise SourceRefusedError(f"options: {error}") from None
    return replace(
        found,
        cost=options.get("cost", ""),
        all_rows=options.get("all_rows", "").lower() in ("true", "yes", "1"),
        encoding=options.get("encoding") or "utf-8",
    )


def _no_headers(_secret: str) -> Mapping[str, str]:
    return {}


FILES = Connector(
    name="files",
    title="Bills (FOCUS, AWS CUR) and usage files in a folder or an object store",
    base_url="",
    headers=_no_headers,
    pages=FileSource().pages,
    grain=timedelta(hours=1),
    settles_after=timedelta(days=62),
    interval=timedelta(hours=1),
    history=timedelta(days=390),
    requests_per_minute=600,
    options=OPTIONS,
    optional=OPTIONAL,
    stride=timedelta(days=400),
    needs_secret=False,
)
"""For the poller's runtime; the files tell what is new themselves, so one window is enough."""
