"""Folders and object stores: what is under a prefix, and its bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import from_url

from services.common.errors import UnavailableError
from services.connectors.domain.connector import SourceRefusedError

_REFUSALS = (PermissionDeniedError, UnauthenticatedError, NotFoundError, InvalidPathError, PermissionError)
_REFUSED = re.compile(r"status code: 40[0134]\b")
"""A listing's refusal is told only in words."""

SCHEMES = ("s3://", "gs://", "az://", "abfss://", "file://")


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
    """Everything under one prefix. Credentials come from the machine, as its vendor's own tools take them: the
    environment (AWS_..., GOOGLE_..., AZURE_...), or the identity of the machine or the pod."""

    def __init__(self, url: str, config: Mapping[str, str] | None = None) -> None:
        """
        Args:
            url: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///folder, or a folder.
            config: of the store, such as region or endpoint.

        Raises:
            SourceRefusedError: no such store, or a setting it does not have.
        """
        if "://" not in url:
            url = Path(url).absolute().as_uri()
        if not url.startswith(SCHEMES):
            raise SourceRefusedError(f"{url!r} is no folder to read: use {', '.join(SCHEMES)} or a path")
        self._url = url
        settings: dict[str, Any] = dict(config or {})
        options = {"client_options": {"allow_http": True}} if settings.get("endpoint", "").startswith("http:") else {}
        try:
            open_store: Any = from_url
            self._store = open_store(url, **settings, **options)
        except (BaseError, UnknownConfigurationKeyError, TypeError, ValueError) as error:
            raise SourceRefusedError(f"{url}: {_first_line(error)}") from None

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
        message = f"{self._url}: {_first_line(error)}"
        if isinstance(error, _REFUSALS) or _REFUSED.search(message):
            return SourceRefusedError(message)
        return UnavailableError(message)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
