"""Pages of a list (AIP-158): how many, and where the next one begins."""

from __future__ import annotations

import base64
import binascii
import json

from services.common.errors import InvalidArgumentError

DEFAULT_SIZE = 100
MAX_SIZE = 1_000

Cursor = tuple[int, str]
"""Where the last page ended: a number to order by (0 where there is none), then an id."""


def page_size(requested: int) -> int:
    """0 means 100; more than 1,000 means 1,000.

    Raises:
        InvalidArgumentError: negative.
    """
    if requested < 0:
        raise InvalidArgumentError.of("page_size", "must not be negative: send 1 to 1,000, or 0 for 100")
    return min(requested or DEFAULT_SIZE, MAX_SIZE)


def encode(scope: str, cursor: Cursor) -> str:
    """An opaque token; `scope` names the list and its filter."""
    return base64.urlsafe_b64encode(json.dumps([scope, *cursor]).encode()).decode()


def decode(scope: str, token: str) -> Cursor | None:
    """The cursor in a token; None for an empty one, which is the first page.

    Raises:
        InvalidArgumentError: no token of this list with this filter.
    """
    if not token:
        return None
    try:
        found_scope, number, identifier = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError):
        raise _bad_token() from None
    sound = isinstance(number, int) and isinstance(identifier, str) and 0 <= number < 2**63
    if found_scope != scope or not sound:
        raise _bad_token()
    return number, identifier


def _bad_token() -> InvalidArgumentError:
    return InvalidArgumentError.of(
        "page_token", "is not one this list gave for these arguments: repeat the request without it"
    )
