"""The lines of a log from where it was left, while it is still written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.connectors.files.opening import opened


@dataclass(frozen=True, slots=True)
class Line:
    """A line and where the next one starts."""

    data: bytes
    end: int


def complete_lines(path: Path, offset: int) -> Iterator[Line]:
    """Lines that have their end; the last one may still be growing. A `.json` file is one line, read whole each time,
    and so is each time a compressed one.

    Raises:
        OSError, FileError
    """
    if path.suffix == ".json":
        data = path.read_bytes()
        yield Line(data, 0)
        return
    if path.suffix == ".zst":
        with opened(path) as stream:
            for data in stream:
                yield Line(data, 0)
        return
    with path.open("rb") as file:
        file.seek(offset)
        for data in file:
            if not data.endswith(b"\n"):
                return
            offset += len(data)
            yield Line(data, offset)
