"""The queue of use without a price."""

from __future__ import annotations

from typing import NamedTuple


class GroupCursor(NamedTuple):
    """A group's place in the queue."""

    tenant_id: str
    provider: str
    model: str
    service_tier: str
