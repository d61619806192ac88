"""Ids that the same thing always gets again, so that doing it twice changes nothing."""

from __future__ import annotations

import hashlib

from services.common.errors import InvalidArgumentError

TOOLS = "tools/"
APPROVALS = "approvals/"

_MAX_TOOL_ID = 256


def digest(*parts: str) -> str:
    """BLAKE2b-128 of the parts in hexadecimal; each part's length is hashed too, so that no two splits agree."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode()
        hasher.update(len(encoded).to_bytes(8, "big"))
        hasher.update(encoded)
    return hasher.hexdigest()


def tool_name(tool_id: str) -> str:
    """tools/{tool}"""
    return TOOLS + tool_id


def approval_name(approval_id: str) -> str:
    """approvals/{approval}"""
    return APPROVALS + approval_id


def last_part(name: str, collection: str, field: str = "name") -> str:
    """The id in a resource name.

    Raises:
        InvalidArgumentError: the name is not of this collection.
    """
    if not name.startswith(collection) or len(name) == len(collection):
        raise InvalidArgumentError.of(field, f"a name reads {collection}<id>, not {name[:80]!r}")
    return name[len(collection) :]


def checked_tool_id(tool_id: str) -> str:
    """The id as usage events carry it in `tool`.

    Raises:
        InvalidArgumentError: empty, too long, padded with spaces, or with characters that do not print.
    """
    if not tool_id:
        raise InvalidArgumentError.of("tool_id", "is missing: send what usage events carry as `tool`")
    if len(tool_id) > _MAX_TOOL_ID:
        raise InvalidArgumentError.of("tool_id", f"has {len(tool_id)} characters: at most {_MAX_TOOL_ID}")
    if tool_id != tool_id.strip() or not tool_id.isprintable():
        raise InvalidArgumentError.of("tool_id", "must be printable and without spaces at its ends")
    return tool_id
