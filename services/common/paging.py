"""Pages of a list (Google AIP-158): how many a page holds, and tokens that say where the next one begins."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, get_type_hints

from services.common.errors import InvalidArgumentError

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1_000

_CHECK_BYTES = 8

Cursor = TypeVar("Cursor", bound=tuple[Any, ...])
Item = TypeVar("Item")


def page_size(requested: int, *, default: int = DEFAULT_PAGE_SIZE, most: int = MAX_PAGE_SIZE) -> int:
    """How many a page may hold: 0 means `default`, and more than `most` means `most`.

    Raises:
        InvalidArgumentError: below 0.
    """
    if requested < 0:
        raise InvalidArgumentError.of("page_size", f"must not be negative: send 1 to {most:,}, or 0 for {default:,}")
    return min(requested or default, most)


class Listing(Generic[Cursor]):
    """One list as one request asks for it.

    A token is a cursor, the position of a page's last item, behind a checksum over that position and over what was
    asked. So a damaged token is refused, and one of another list. It is no secret and grants nothing: whoever makes one
    up sees the same items, from another place on.
    """

    def __init__(self, cursor: Callable[..., Cursor], *asked: str | int | None) -> None:
        """
        Args:
            cursor: A NamedTuple class; its fields are str, float, bytes, or int within 64 bits.
            asked: The list's name and all that decides what it holds: the tenant, the filter, the range.
        """
        self._cursor = cursor
        self._asked = hashlib.blake2b(json.dumps(asked).encode()).digest()

    def after(self, token: str) -> Cursor | None:
        """Behind which position the page begins; None for the first page, whose token is empty.

        Raises:
            InvalidArgumentError: this list never gave that token.
        """
        if not token:
            return None
        try:
            cursor = self._read(token)
            if self.token(cursor) == token:
                return cursor
        except (ValueError, TypeError, RecursionError):
            pass
        raise InvalidArgumentError.of(
            "page_token", "is not one this list gave for these arguments: repeat the request without it"
        )

    def page(self, found: Sequence[Item], size: int, position: Callable[[Item], Cursor]) -> tuple[Sequence[Item], str]:
        """The first `size` of what was found, and the next page's token: empty where no more was found than that."""
        shown = found[:size]
        return shown, self.token(position(shown[-1])) if len(found) > size else ""

    def token(self, cursor: Cursor) -> str:
        """Of the page that begins behind this position."""
        text = json.dumps(cursor, default=bytes.hex, ensure_ascii=False).encode()
        check = hashlib.blake2b(text, digest_size=_CHECK_BYTES, key=self._asked).digest()
        return base64.urlsafe_b64encode(check + text).decode()

    def _read(self, token: str) -> Cursor:
        parts = json.loads(base64.b64decode(token, altchars=b"-_", validate=True)[_CHECK_BYTES:])
        kinds = get_type_hints(self._cursor).values()
        return self._cursor(*(_field(kind, part) for kind, part in zip(kinds, parts, strict=True)))


def _field(kind: type, part: Any) -> Any:
    if kind is bytes:
        return bytes.fromhex(part)
    if type(part) is not kind:
        raise TypeError(f"{part!r} is no {kind.__name__}")
    if isinstance(part, int) and not -(2**63) <= part < 2**63:
        raise ValueError(f"{part} is beyond 64 bits")
    return part
