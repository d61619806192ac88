"""A request's body, decompressed, never more of it than the limit."""

from __future__ import annotations

import zlib

from starlette.requests import ClientDisconnect, Request

from services.common.errors import InvalidArgumentError, PayloadTooLargeError, UnsupportedMediaTypeError
from services.ingest.adapters.in_flight import Held

_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: Request, limit: int, held: Held) -> bytes:
    """The body's bytes as the sender meant them.

    Raises:
        PayloadTooLargeError: more than `limit` bytes, compressed or not; the rest is not read.
        UnsupportedMediaTypeError: a Content-Encoding other than gzip.
        InvalidArgumentError: broken gzip, or the client went away.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise UnsupportedMediaTypeError(f"Content-Encoding {encoding!r:.40} is not read: send gzip, or none")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
        raise _too_large(limit)
    reader = _Gunzip(limit, held) if "gzip" in encoding else _Plain(limit, held)
    try:
        async for chunk in request.stream():
            reader.feed(chunk)
    except ClientDisconnect:
        raise InvalidArgumentError("the client went away before the body was complete") from None
    return reader.finish()


class _Plain:
    def __init__(self, limit: int, held: Held) -> None:
        self._limit = limit
        self._held = held
        self._size = 0
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._held.add(len(chunk))
        self._parts.append(chunk)

    def finish(self) -> bytes:
        return b"".join(self._parts)


class _Gunzip(_Plain):
    """Inflates as bytes arrive, so that a small bomb cannot grow beyond the limit. A file may have several members."""

    def __init__(self, limit: int, held: Held) -> None:
        super().__init__(limit, held)
        self._received = 0
        self._member = zlib.decompressobj(_GZIP)
        self._began = False

    def feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._limit:
            raise _too_large(self._limit)
        while chunk:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._began = True
            try:
                found = self._member.decompress(chunk, self._limit - self._size + 1)
            except zlib.error as error:
                raise InvalidArgumentError(f"the body is not gzip, as Content-Encoding says: {error}") from None
            super().feed(found)
            chunk = self._member.unconsumed_tail or self._member.unused_data

    def finish(self) -> bytes:
        if self._began and not self._member.eof:
            raise InvalidArgumentError("the gzip body is cut short: send all of it")
        return super().finish()


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {limit} bytes: send fewer events at a time")
