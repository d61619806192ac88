"""Whose use it was, as request headers tell it: a provider's own object does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.common.dimensions import TAG_PREFIX
from services.ingest.domain import fields
from services.ingest.domain.rejection import Reason, Rejected, shown


@dataclass(frozen=True, slots=True)
class Attribution:
    """Dimensions and, where the object lacks them, its id, model and time."""

    dimensions: Mapping[str, str] = field(default_factory=dict)
    """team, user, project, ...: those that were given."""
    tags: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    model: str = ""
    time: str = ""
    provider: str = ""
    """Who served it, where neither the path nor the object tells."""
    estimated: bool = False
    """What was counted is a partial; the final record of the same id supersedes it."""


NOBODY = Attribution()

HEADERS: Mapping[str, str] = {
    "x-team": "team",
    "x-user": "user",
    "x-project": "project",
    "x-key": "key",
    "x-tool": "tool",
    "x-environment": "environment",
}
"""Header names and the dimension each gives, unless settings say otherwise."""

DIMENSIONS = (*HEADERS.values(), "session", "region")
"""What a header may give beside tags."""

TAGS, ID, MODEL, TIME, PROVIDER, ESTIMATED = "x-tags", "x-id", "x-model", "x-time", "x-provider", "x-estimated"
"""Headers of a fixed meaning."""

_FIXED = frozenset({TAGS, ID, MODEL, TIME, PROVIDER, ESTIMATED, "authorization", "content-type", "content-length"})
_ESTIMATED = {"true": True, "1": True, "false": False, "0": False, "": False}


class HeaderMap:
    """Reads attribution from headers."""

    def __init__(self, mapping: Mapping[str, str] = HEADERS) -> None:
        """Args:
            mapping: header name, in any case, to a dimension or `tag:<name>`.

        Raises:
            ValueError: a header or a target that cannot be used; says which.
        """
        self.dimensions: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        for header, target in mapping.items():
            name = header.strip().lower()
            if not name or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"{header!r:.80} is no header name")
            if name in _FIXED:
                raise ValueError(f"header {header!r:.80} has a meaning of its own")
            if name in self.dimensions or name in self.tags:
                raise ValueError(f"header {header!r:.80} is given twice, headers do not differ by case")
            if target in DIMENSIONS:
                self.dimensions[name] = target
            elif target.startswith(TAG_PREFIX) and 0 < len(target) - len(TAG_PREFIX) <= fields.MAX_TAG_NAME:
                self.tags[name] = target.removeprefix(TAG_PREFIX)
            else:
                known = ", ".join(DIMENSIONS)
                raise ValueError(f"{header!r:.80} leads to {target!r:.80}: use one of {known}, or tag:<name>")

    def read(self, headers: Mapping[str, str]) -> Attribution:
        """What the mapped headers say, `X-Tags: k=v,k=v`, and the headers of a fixed meaning.

        Args:
            headers: by lower-case name.

        Raises:
            Rejected: a header is too long, or does not read as it must.
        """
        found = {
            dimension: fields.text(headers[header], header.title())
            for header, dimension in self.dimensions.items()
            if headers.get(header)
        }
        tags = _tags(headers.get(TAGS, ""))
        for header, name in self.tags.items():
            if headers.get(header):
                tags[name] = fields.text(headers[header], header.title())
        return Attribution(
            found,
            fields.tags(tags, "X-Tags"),
            fields.text(headers.get(ID), "X-Id"),
            fields.text(headers.get(MODEL), "X-Model"),
            headers.get(TIME, ""),
            fields.text(headers.get(PROVIDER), "X-Provider").strip().lower(),
            _estimated(headers.get(ESTIMATED, "")),
        )


def _estimated(header: str) -> bool:
    value = _ESTIMATED.get(header.strip().lower())
    if value is None:
        raise Rejected(Reason.INVALID, "X-Estimated", f"must be true or false, not {shown(header)}")
    return value


def _tags(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise Rejected(Reason.INVALID, "X-Tags", f"{pair!r:.60} is no tag: write k=v,k=v")
        found[name.strip()] = value.strip()
    return found
