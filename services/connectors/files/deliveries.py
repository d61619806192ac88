"""Which objects are one delivery of a report: a bill is written in several parts, and written anew as it changes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".csv.gz", ".jsonl.gz", ".ndjson.gz", ".csv.zst",
            ".jsonl.zst", ".ndjson.zst")  # fmt: skip
"""What is read; manifests and the like are not."""

_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|^\d{12,14}$", re.IGNORECASE)
"""A folder of one run of an export: its name has a GUID (AWS: `<time>-<execution id>`, the older report's assembly id;
Azure: the run's id), or is the time of the run (Azure: `202611201011`)."""


class Listed(Protocol):
    """An object as it was listed."""

    @property
    def key(self) -> str: ...

    @property
    def etag(self) -> str: ...

    @property
    def modified(self) -> datetime: ...


Part = TypeVar("Part", bound=Listed)


@dataclass(frozen=True)
class Delivery(Generic[Part]):
    """The current parts of a report."""

    name: str
    """The folder they lie in, without that of the run: the same for each delivery of the report."""
    parts: Sequence[Part]


def deliveries(objects: Iterable[Part]) -> list[Delivery[Part]]:
    """The newest run of each report, by name."""
    runs: dict[str, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for each in objects:
        path = PurePosixPath(each.key)
        if path.name.lower().endswith(SUFFIXES) and not any(part.startswith(("_", ".")) for part in path.parts):
            runs[_report(path.parent)][str(path.parent)].append(each)
    found = []
    for report, folders in sorted(runs.items()):
        newest = max(folders.values(), key=lambda parts: max((part.modified, part.key) for part in parts))
        found.append(Delivery(report, sorted(newest, key=lambda part: part.key)))
    return found


def _report(folder: PurePosixPath) -> str:
    while folder.name and _RUN.search(folder.name):
        folder = folder.parent
    return "" if str(folder) == "." else str(folder)
