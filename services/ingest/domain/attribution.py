"""Whose use it was, as request headers tell it: a provider's own object does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.ingest.domain import fields
from services.ingest.domain.rejection import Reason, Rejected


@dataclass(frozen=True, slots=True)
class Attribution:
    """Dimensions and, where the object lacks them, its id, model and time."""

    dimensions: Mapping[str, str] = field(default_factory=dict)
    """team, user, project, key, tool, environment: those that were given."""
    tags: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    model: str = ""
    time: str = ""


NOBODY = Attribution()

HEADERS: Mapping[str, str] = {
    "x-team": "team",
    "x-user": "user",
    "x-project": "project",
    "x-key": "key",
    "x-tool": "tool",
    "x-environment": "environment",
}
"""Header names and the dimension each gives."""


def of_headers(headers: Mapping[str, str]) -> Attribution:
    """Reads the headers above, `X-Tags: k=v,k=v`, and `X-Id`, `X-Model`, `X-Time` for objects that lack them.

    Args:
        headers: by lower-case name.

    Raises:
        Rejected: a header is too long, or X-Tags does not read k=v,k=v.
    """
    found = {
        dimension: fields.text(headers[header], header.title())
        for header, dimension in HEADERS.items()
        if headers.get(header)
    }
    return Attribution(
        found,
        _tags(headers.get("x-tags", "")),
        fields.text(headers.get("x-id"), "X-Id"),
        fields.text(headers.get("x-model"), "X-Model"),
        headers.get("x-time", ""),
    )


def _tags(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise Rejected(Reason.INVALID, "X-Tags", f"{pair!r:.60} is no tag: write k=v,k=v")
        found[name.strip()] = value.strip()
    return fields.tags(found, "X-Tags")
