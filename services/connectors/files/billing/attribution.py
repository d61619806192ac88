"""Whose a charge is: from tags and accounts, and from what the user says about columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.common.dimensions import TAG_PREFIX
from services.connectors.domain.row import MAX_TEXT
from services.connectors.files import values
from services.connectors.files.mapping import CONSTANT, Assignment, MappingError

DIMENSIONS = ("team", "user", "project", "key", "environment", "tool")
"""What a column of a bill may be mapped to, beside tags."""

MAX_TAGS = 30
_MAX_TAG_NAME = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PREFIX = re.compile(r"^(user|iamPrincipal)[:/_]")
_PROFILE = "application-inference-profile/"
_TAG_DIMENSIONS = {"team": "team", "project": "project", "environment": "environment", "env": "environment"}


class Attribution:
    """Reads a charge's dimensions and tags."""

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        """
        Raises:
            MappingError: a field that a bill's rows do not have.
        """
        self._assigned = list(assignments)
        for each in self._assigned:
            if each.field not in DIMENSIONS and not each.field.startswith(TAG_PREFIX):
                raise MappingError(f"{each.field!r}: a bill's columns are {', '.join(DIMENSIONS)} or {TAG_PREFIX}NAME")
        self.columns = {
            part
            for each in self._assigned
            if not each.column.startswith(CONSTANT)
            for part in (each.column, each.column.partition(".")[0])
        }

    def read(
        self, row: Mapping[str, Any], tags: Mapping[str, Any], known: Mapping[str, str], marks: Mapping[str, str]
    ) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
        """Every one of `DIMENSIONS`, and sorted tags. What the user assigned wins over tags called `team`, `project`,
        `environment`, and those over what is `known`.

        Args:
            row: by column.
            tags: the row's own.
            known: dimensions that the bill's accounts and principals tell.
            marks: tags of ours, which win over all others and are never too many.
        """
        labels = {clean(_PREFIX.sub("", name))[:_MAX_TAG_NAME]: clean(value) for name, value in tags.items()}
        dimensions = dict(known)
        for name, value in labels.items():
            dimension = _TAG_DIMENSIONS.get(name.lower())
            if dimension and value:
                dimensions[dimension] = value
        for each in self._assigned:
            fixed = each.column.startswith(CONSTANT)
            value = clean(each.column[len(CONSTANT) :] if fixed else values.at(row, each.column))
            if not value:
                continue
            if each.field.startswith(TAG_PREFIX):
                labels[each.field[len(TAG_PREFIX) :][:_MAX_TAG_NAME]] = value
            else:
                dimensions[each.field] = value
        kept = sorted((name, value) for name, value in labels.items() if name and value)[:MAX_TAGS]
        whole = {name: dimensions.get(name, "") for name in DIMENSIONS}
        return whole, tuple(sorted({**dict(kept), **marks}.items()))


def clean(value: Any) -> str:
    """As ingest takes text: no control characters, 256 characters at most."""
    return _CONTROL.sub(" ", values.text(value))[:MAX_TEXT].strip()


def principal(arn: str) -> dict[str, str]:
    """Who called, of an IAM principal: a user by name; of an assumed role its role as key, its session as user where it
    is an e-mail address."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "user":
        return {"user": name.rpartition("/")[2]}
    if kind == "assumed-role":
        role, _, session = name.partition("/")
        return {"key": role} | ({"user": session} if "@" in session else {})
    return {"key": name} if kind == "role" else {}


def profile(arn: str) -> dict[str, str]:
    """Which application inference profile of Amazon Bedrock a resource is, as the key; nothing for other resources."""
    return {"key": clean(arn.partition(_PROFILE)[2])} if _PROFILE in arn else {}


def named(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """The first of the columns that has text."""
    for column in columns:
        found = values.text(row.get(column))
        if found:
            return found
    return ""
