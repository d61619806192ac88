"""Whose request it is. A budget holds only if the estimate is booked under the dimensions its usage event will carry,
so this reads what the platform reads off LiteLLM's logging payload, in the same order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_KEY_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "team": ("team_alias", "team_id"),
    "user": ("user_email", "user_id"),
    "project": ("project_alias", "project_id"),
    "key": ("key_alias", "api_key"),
}
"""Attributes of LiteLLM's UserAPIKeyAuth; the first that is set counts. Its `api_key` is the hash."""

_MAX_TEXT, _MAX_TAG_NAME, _MAX_TAGS = 256, 64, 32
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def dimensions(auth: object, data: Mapping[str, Any]) -> dict[str, str]:
    """Team, user, project, key and tags of a request, as far as they are known.

    Args:
        auth: the UserAPIKeyAuth of whoever asks.
        data: the request's body as the proxy completed it.
    """
    found: dict[str, str] = {}
    for dimension, names in _KEY_ATTRIBUTES.items():
        found[dimension] = next((text for name in names if (text := _text(getattr(auth, name, None)))), "")
    end_user = _text(getattr(auth, "end_user_id", None)) or _text(data.get("user"))
    found["user"] = found["user"] or end_user
    for name, value in _tags(data, end_user).items():
        found[f"tag:{name}"] = value
    return {name: value for name, value in found.items() if value}


def _tags(data: Mapping[str, Any], end_user: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in _request_tags(data):
        name, value = _split(tag)
        if name and len(found) < _MAX_TAGS:
            found[name] = value
    if end_user and len(found) < _MAX_TAGS:
        found["end_user"] = end_user
    return found


def _request_tags(data: Mapping[str, Any]) -> list[str]:
    for place in ("metadata", "litellm_metadata"):
        metadata = data.get(place)
        tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
        if isinstance(tags, list) and tags:
            return [tag for tag in tags if isinstance(tag, str)]
    return []


def _split(tag: str) -> tuple[str, str]:
    """`name:value` or `name=value`; a bare name has the value "true"."""
    at = min((place for place in (tag.find(":"), tag.find("=")) if place > 0), default=-1)
    name, value = (tag, "true") if at < 0 else (tag[:at], tag[at + 1 :])
    return _text(name, _MAX_TAG_NAME), _text(value)


def _text(value: object, limit: int = _MAX_TEXT) -> str:
    return _CONTROL.sub(" ", value).strip()[:limit] if isinstance(value, str) else ""
