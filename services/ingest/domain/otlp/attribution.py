"""Whose use it was: which attributes name the team, the user, the project and so on.

Span attributes win over those of the resource, and both over the request's headers (X-Team and its like), which an
exporter can be told to send. The setting puts its names before the usual ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, MEASUREMENT_UNSPECIFIED, Measurement

from services.common.dimensions import TAG_PREFIX
from services.ingest.domain import fields
from services.ingest.domain.attribution import DIMENSIONS
from services.ingest.domain.client_network import CLIENT_NETWORK
from services.ingest.domain.context import Context
from services.ingest.domain.otlp.attributes import Attributes, word

SERVICE_NAME = "service.name"
MEASUREMENT = "aifinops.measurement"
"""`reported` for uses that a seat or subscription pays for: they are shown, and are no spend of their own."""

_LITELLM = "metadata.user_api_key_"
_TRACELOOP = "traceloop.association.properties."

USUAL: Mapping[str, tuple[str, ...]] = {
    "team": ("aifinops.team", "team", "team.name", f"{_LITELLM}team_alias", f"{_LITELLM}team_id"),
    "user": (
        "aifinops.user", "user.email", "enduser.id", "user.account_uuid", "user.account_id", "user.id", "user.name",
        f"{_LITELLM}user_email", f"{_LITELLM}user_id", "llm.user", "langfuse.user.id", f"{_TRACELOOP}user_id",
        "ai.telemetry.metadata.userId",
    ),
    "project": (
        "aifinops.project", "project", "project.name", "openinference.project.name", f"{_LITELLM}project_alias",
        "vcs.repository.name", SERVICE_NAME,
    ),
    "key": ("aifinops.key", f"{_LITELLM}alias"),
    "tool": ("aifinops.tool",),
    "environment": ("deployment.environment.name", "deployment.environment"),
    "session": (
        "session.id", "gen_ai.conversation.id", "conversation.id", "langfuse.session.id", f"{_TRACELOOP}session_id",
    ),
    "region": ("aifinops.region",),
    "tag:agent": ("gen_ai.agent.name",),
    "tag:organization": ("organization.id",),
    f"{TAG_PREFIX}{CLIENT_NETWORK}": ("client.address", "source.address"),
}  # fmt: skip
"""The first that holds a word counts."""


class AttributeMap:
    """Dimensions and tags by the attributes that give them."""

    def __init__(self, first: Mapping[str, Sequence[str]] | None = None) -> None:
        """`first`: attribute names that come before the usual ones, by dimension or `tag:<name>`.

        Raises:
            ValueError: something else is named.
        """
        first = first or {}
        for name in first:
            tag = name.removeprefix(TAG_PREFIX) if name.startswith(TAG_PREFIX) else None
            if (tag is None and name not in DIMENSIONS) or tag == "" or len(tag or "") > fields.MAX_TAG_NAME:
                raise ValueError(f"{name!r} is no dimension: use {', '.join(DIMENSIONS)} or tag:<name>")
        names = {name: (*first.get(name, ()), *USUAL.get(name, ())) for name in {**USUAL, **first}}
        self._dimensions = [(name, found) for name, found in names.items() if not name.startswith(TAG_PREFIX)]
        tags = [name for name in names if name.startswith(TAG_PREFIX)]
        self._tags = [(name.removeprefix(TAG_PREFIX), names[name]) for name in tags[: fields.MAX_TAGS]]
        self.names = frozenset({MEASUREMENT, *(attribute for found in names.values() for attribute in found)})
        """Every attribute that may be asked for."""

    def dimensions(self, attributes: Attributes, resource: Attributes, context: Context) -> dict[str, str]:
        """The dimensions that are known, cut to size."""
        given = context.attribution.dimensions
        found: dict[str, str] = {}
        for dimension, names in self._dimensions:
            value = word(attributes, names) or word(resource, names) or given.get(dimension)
            if value:
                found[dimension] = value
        return found

    def measurement(self, attributes: Attributes, resource: Attributes) -> Measurement:
        """Whether the attributes say that this is no spend."""
        said = word(attributes, (MEASUREMENT,)) or word(resource, (MEASUREMENT,))
        return MEASUREMENT_REPORTED if said == "reported" else MEASUREMENT_UNSPECIFIED

    def tags(self, attributes: Attributes, resource: Attributes, context: Context) -> dict[str, str]:
        """The tags that are known, cut to size."""
        found = dict(context.attribution.tags)
        for tag, names in self._tags:
            value = word(attributes, names) or word(resource, names)
            if value:
                fields.add_clean_tag(found, tag, value)
        return found
