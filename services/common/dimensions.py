"""The names costs are grouped and filtered by, and how to read them off an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from finops.usage.v1.usage_pb2 import Measurement, Quantities, UsageEvent

TAG_PREFIX = "tag:"

DIMENSIONS: tuple[str, ...] = (
    "tenant", "team", "user", "project", "key", "tool", "provider", "model", "environment", "source", "service_tier",
)  # fmt: skip
"""Every dimension but tags, which are written `tag:<name>`."""

BUCKETS: tuple[str, ...] = tuple(
    name for name, field in Quantities.DESCRIPTOR.fields_by_name.items() if field.message_type is None
)
"""Names of the disjoint quantities, in the order of their field numbers."""

TOKEN_BUCKETS: tuple[str, ...] = tuple(name for name in BUCKETS if name.endswith("_tokens"))

ADJUSTMENTS = "adjustments"
SETTLEMENTS = "aifinops-settlement"
BOOKED_SOURCES = frozenset({ADJUSTMENTS, SETTLEMENTS})
"""Values of `source` under which people and the platform book amounts; nothing that is used comes under them."""

_FIELDS = {name: "tenant_id" if name == "tenant" else name for name in DIMENSIONS}


def is_dimension(name: str) -> bool:
    """True for a known dimension or a tag."""
    return name in _FIELDS or (name.startswith(TAG_PREFIX) and len(name) > len(TAG_PREFIX))


def reader(name: str) -> Callable[[UsageEvent], str]:
    """Function that reads the dimension off an event; an absent tag reads as "".

    Raises:
        ValueError: no such dimension.
    """
    if not is_dimension(name):
        raise ValueError(f"no dimension {name!r}: use one of {', '.join(DIMENSIONS)} or tag:<name>")
    if name.startswith(TAG_PREFIX):
        tag = name[len(TAG_PREFIX) :]
        return lambda event: event.tags.get(tag, "")
    return attrgetter(_FIELDS[name])


_ATTRIBUTES = tuple(name for name in DIMENSIONS if name != "tenant")
_attributes: Callable[[UsageEvent], tuple[str, ...]] = attrgetter(*_ATTRIBUTES)


def attribution_of(event: UsageEvent) -> bytes:
    """Under which dimensions, tags and measurement an event is booked: a UsageEvent with only those, the same bytes
    for the same ones."""
    tags = event.tags
    # Faster than items(), which goes through the keys in Python.
    named = tuple(sorted([(name, tags[name]) for name in tags]))
    return _attribution(_attributes(event), named, event.measurement)


@lru_cache(maxsize=16_384)
def _attribution(attributes: tuple[str, ...], tags: tuple[tuple[str, str], ...], measurement: Measurement) -> bytes:
    """Most events share theirs with many others."""
    attribution = UsageEvent(tags=dict(tags), measurement=measurement)
    for name, value in zip(_ATTRIBUTES, attributes, strict=True):
        setattr(attribution, name, value)
    return attribution.SerializeToString(deterministic=True)


def quantities_of(amounts: Mapping[str, int]) -> Quantities:
    """The message that holds these amounts by bucket. Raises ValueError: no such bucket, or not an amount."""
    # The constructor takes what is no bucket, too, which a type checker cannot tell from the names.
    given: Mapping[str, Any] = amounts
    return Quantities(**given)


def quantities(message: Quantities) -> dict[str, int]:
    """The buckets that are not zero, by name."""
    return {field.name: value for field, value in message.ListFields() if field.message_type is None}


def difference(after: Quantities, before: Quantities) -> Quantities:
    """What changed, business metrics too. Those that stayed the same are left out."""
    changed = quantities_of({bucket: getattr(after, bucket) - getattr(before, bucket) for bucket in BUCKETS})
    for name in {*after.business_metrics, *before.business_metrics}:
        change = after.business_metrics.get(name, 0) - before.business_metrics.get(name, 0)
        if change:
            changed.business_metrics[name] = change
    return changed
