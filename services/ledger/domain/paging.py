"""Page tokens: where a listing goes on, bound to what was listed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import NamedTuple

from services.common.clock import Micros
from services.common.errors import InvalidArgumentError

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1_000

_LAYOUT = struct.Struct(">8sq16sI")


class Cursor(NamedTuple):
    """The last entry of a page."""

    time: Micros
    event_key: bytes
    revision: int


def page_size(requested: int) -> int:
    """Raises InvalidArgumentError below 0 or above 1,000; 0 means 100."""
    if not 0 <= requested <= MAX_PAGE_SIZE:
        raise InvalidArgumentError.of("page_size", f"1 to {MAX_PAGE_SIZE} (0: {DEFAULT_PAGE_SIZE}), not {requested}")
    return requested or DEFAULT_PAGE_SIZE


def write_token(cursor: Cursor, listing: str) -> str:
    """A token for the page after `cursor`; `listing` is everything that must stay the same from page to page."""
    return base64.urlsafe_b64encode(_LAYOUT.pack(_digest(listing), *cursor)).decode()


def read_token(token: str, listing: str) -> Cursor | None:
    """Where to go on; None for the first page.

    Raises:
        InvalidArgumentError: no token of ours, or one of another listing.
    """
    if not token:
        return None
    try:
        digest, *cursor = _LAYOUT.unpack(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, struct.error, ValueError):
        raise InvalidArgumentError.of("page_token", "not a token this service gave out") from None
    if digest != _digest(listing):
        raise InvalidArgumentError.of("page_token", "of another filter, range or tenant: start at the first page")
    return Cursor(*cursor)


def _digest(listing: str) -> bytes:
    return hashlib.blake2b(listing.encode(), digest_size=8).digest()
