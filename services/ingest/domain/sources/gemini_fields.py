"""Gemini's field names, in the API's spelling and in its Python SDK's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

_UPPER = re.compile("([A-Z])")


@cache
def _snake(name: str) -> str:
    return _UPPER.sub(lambda found: f"_{found[1].lower()}", name)


def name_of(item: Mapping[str, Any], name: str) -> str:
    """How this object spells `name`: promptTokenCount or prompt_token_count."""
    return _snake(name) if name not in item and _snake(name) in item else name


def first(item: Mapping[str, Any], name: str) -> Any:
    """The field's value in either spelling; None where it is absent."""
    value = item.get(name)
    return item.get(_snake(name)) if value is None else value


def listed(item: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in a list field; anything else reads as none."""
    found = first(item, name)
    return [part for part in found if type(part) is dict] if type(found) is list else []
