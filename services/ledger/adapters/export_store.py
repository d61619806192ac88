"""Where exports go: a folder, or a bucket of S3, Google Cloud Storage or Azure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError

from services.common.object_stores import StoreError, first_line, open_store, url_of
from services.ledger.handlers.export import DestinationError


class ObjectDestination:
    """Everything under one URL; see `object_stores`. Each file appears whole or not at all."""

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        """
        Args:
            url: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///folder, or a folder.
            options: of the store, such as region or endpoint.

        Raises:
            DestinationError: no such store, or an option it does not have.
        """
        try:
            self.url = url_of(url)
            self._store = open_store(self.url, options or {}, create=True)
        except StoreError as error:
            raise DestinationError(str(error)) from error

    async def put(self, name: str, content: bytes | Path) -> None:
        """Writes a file, or writes it anew.

        Raises:
            DestinationError
        """
        try:
            await obstore.put_async(self._store, name, content)
        except (BaseError, OSError) as error:
            raise DestinationError(f"{self.url}/{name}: {first_line(error)}") from None

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
            raise DestinationError(f"{self.url}/{name}: {first_line(error)}") from None
