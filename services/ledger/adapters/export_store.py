"""Where exports go: a folder, or a bucket of S3, Google Cloud Storage or Azure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError, UnknownConfigurationKeyError
from obstore.store import from_url

from services.ledger.handlers.export import DestinationError

SCHEMES = ("s3://", "gs://", "az://", "abfss://", "file://")


class ObjectDestination:
    """Everything under one URL. Credentials come from the machine, as its vendor's own tools take them: the environment
    (AWS_..., GOOGLE_..., AZURE_...), or the identity of the machine or the pod. Each file appears whole or not at all.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        """
        Args:
            url: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///folder, or a folder.
            options: of the store, such as region or endpoint.

        Raises:
            DestinationError: no such store, or an option it does not have.
        """
        self.url = url if "://" in url else Path(url).absolute().as_uri()
        if not self.url.startswith(SCHEMES):
            raise DestinationError(f"{url!r} is nowhere to export to: use {', '.join(SCHEMES)} or a folder")
        settings: dict[str, Any] = dict(options or {})
        if settings.get("endpoint", "").startswith("http:"):
            settings["client_options"] = {"allow_http": True}
        if self.url.startswith("file://"):
            settings["mkdir"] = True
        try:
            open_store: Any = from_url
            self._store = open_store(self.url, **settings)
        except (BaseError, UnknownConfigurationKeyError, TypeError, ValueError, OSError) as error:
            raise DestinationError(f"{url}: {_first_line(error)}") from None

    async def put(self, name: str, content: bytes | Path) -> None:
        """Writes a file, or writes it anew.

        Raises:
            DestinationError
        """
        try:
            await obstore.put_async(self._store, name, content)
        except (BaseError, OSError) as error:
            raise DestinationError(f"{self.url}/{name}: {_first_line(error)}") from None

    async def get(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none.

        Raises:
            DestinationError
        """
        try:
            answer = await obstore.get_async(self._store, name)
            return bytes(await answer.bytes_async())
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise DestinationError(f"{self.url}/{name}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
