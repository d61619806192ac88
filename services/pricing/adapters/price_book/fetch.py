"""Getting a copy: over HTTP, or from a mounted file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from services.pricing.adapters.price_book.refusal import Refusal, RefusedCopyError


@dataclass(frozen=True)
class Copy:
    """What a source gave."""

    content: bytes
    etag: str = ""
    """By which the source knows it again."""


class Source(Protocol):
    """Where copies come from."""

    async def fetch(self, etag: str) -> Copy | None:
        """A copy; None: the one of this etag is still the newest.

        Raises:
            RefusedCopyError: it is away, or gives too much.
        """
        ...


class HttpSource:
    """A URL. Asked with the ETag of the copy in force, so that an unchanged list costs one short answer."""

    def __init__(self, url: str, *, most_bytes: int, timeout_seconds: float) -> None:
        self._url = url
        self._most = most_bytes
        self._timeout = timeout_seconds

    async def fetch(self, etag: str) -> Copy | None:
        # Uncompressed, so that what arrives is what is counted.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if etag:
            headers["If-None-Match"] = etag
        try:
            async with (
                asyncio.timeout(self._timeout),
                httpx.AsyncClient(follow_redirects=True, max_redirects=3, timeout=self._timeout) as client,
                client.stream("GET", self._url, headers=headers) as answer,
            ):
                if answer.status_code == 304 and etag:
                    return None
                if answer.status_code != 200:
                    raise RefusedCopyError(Refusal.UNREACHABLE, f"{self._url} answered {answer.status_code}")
                return Copy(await self._body(answer), answer.headers.get("etag", ""))
        except TimeoutError:
            raise RefusedCopyError(
                Refusal.UNREACHABLE, f"{self._url} took more than {self._timeout:g} seconds"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise RefusedCopyError(Refusal.UNREACHABLE, f"{self._url}: {reason}") from None

    async def _body(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in answer.aiter_bytes(65_536):
            content += chunk
            if len(content) > self._most:
                raise RefusedCopyError(Refusal.TOO_LARGE, f"{self._url} is larger than {self._most:,} bytes")
        return bytes(content)


class FileSource:
    """A mounted file. Its time and size stand for an ETag."""

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        self._path = path
        self._most = most_bytes

    async def fetch(self, etag: str) -> Copy | None:
        return await asyncio.to_thread(self._read, etag)

    def _read(self, etag: str) -> Copy | None:
        try:
            about = self._path.stat()
            mark = f"{about.st_mtime_ns}-{about.st_size}"
            if mark == etag:
                return None
            with self._path.open("rb") as file:
                content = file.read(self._most + 1)
        except OSError as error:
            raise RefusedCopyError(Refusal.UNREACHABLE, f"{self._path}: {error.strerror or error}") from None
        if len(content) > self._most:
            raise RefusedCopyError(Refusal.TOO_LARGE, f"{self._path} is larger than {self._most:,} bytes")
        return Copy(content, mark)


def source_of(place: str, *, most_bytes: int, timeout_seconds: float) -> Source | None:
    """The source that a setting names: an http(s) URL or a file's path; None where it is empty."""
    if not place:
        return None
    if place.startswith(("http://", "https://")):
        return HttpSource(place, most_bytes=most_bytes, timeout_seconds=timeout_seconds)
    return FileSource(Path(place), most_bytes=most_bytes)
