"""What the readers of logs share."""

from __future__ import annotations

from pathlib import PurePosixPath

import orjson


def loads(line: bytes) -> object:
    """A line's JSON.

    Raises:
        ValueError: it is none.
    """
    return orjson.loads(line)


def folder_name(path: str) -> str:
    """The last part of a path of any system: a folder's name, without where it lies."""
    return PurePosixPath(path.replace("\\", "/")).name
