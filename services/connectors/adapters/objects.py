"""Folders and object stores: what is under a prefix, and its bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from services.common.errors import UnavailableError
from services.common.object_stores import StoreError, first_line, open_store, url_of
from services.connectors.domain.connector import SourceRefusedError

_REFUSALS = (PermissionDeniedError, UnauthenticatedError, NotFoundError, InvalidPathError, PermissionError)
_REFUSED = re.compile(r"status code: 40[0134]\b")
"""A listing's refusal is told only in words."""


class ChangedError(Exception):
    """The object is no longer what was listed."""


@dataclass(frozen=True)
class StoredObject:
    """One object as it was listed."""

    key: str
    """Below the prefix."""
    etag: str
    """Another one for other content."""
    size: int
    modified: datetime


class ObjectFolder:
    """Everything under one prefix; see `object_stores`."""

    def __init__(self, url: str, config: Mapping[str, str] | None = None) -> None:
        """
        Args:
            url: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///folder, or a folder.
            config: of the store, such as region or endpoint.

        Raises:
            SourceRefusedError: no such store, or a setting it does not have.
        """
        try:
            self._url = url_of(url)
            self._store = open_store(self._url, config or {})
        except StoreError as error:
            raise SourceRefusedError(str(error)) from error

    async def objects(self) -> list[StoredObject]:
        """Everything there is, by key.

        Raises:
            SourceRefusedError, UnavailableError
        """
        found = []
        try:
            async for batch in obstore.list(self._store):
                for meta in batch:
                    etag = meta["e_tag"] or f"{meta['size']}-{meta['last_modified'].isoformat()}"
                    found.append(StoredObject(meta["path"], etag, meta["size"], meta["last_modified"]))
        except (BaseError, OSError) as error:
            raise self._told(error) from None
        return sorted(found, key=lambda each: each.key)

    async def fetch(self, wanted: StoredObject, to: Path) -> None:
        """Its bytes, into a file.

        Raises:
            ChangedError: it was written or deleted since it was listed.
            SourceRefusedError, UnavailableError
        """
        try:
            answer = await obstore.get_async(self._store, wanted.key)
            if answer.meta["e_tag"] and answer.meta["e_tag"] != wanted.etag:
                raise ChangedError(wanted.key)
            with to.open("wb") as file:
                async for chunk in answer.stream():
                    file.write(chunk)
        except (PreconditionError, NotFoundError, FileNotFoundError):
            raise ChangedError(wanted.key) from None
        except (BaseError, OSError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> Exception:
        message = f"{self._url}: {first_line(error)}"
        if isinstance(error, _REFUSALS) or _REFUSED.search(message):
            return SourceRefusedError(message)
        return UnavailableError(message)
