"""Answers about anomalies, of the caller's tenant only."""

from __future__ import annotations

from collections.abc import Sequence

from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    ListAnomaliesRequest,
    ListAnomaliesResponse,
)

from services.anomaly.handlers.ports import Archive, Cursor, Labels
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.paging import Listing, page_size


async def list_anomalies(
    archive: Archive, labels: Labels, tenant: str, request: ListAnomaliesRequest
) -> ListAnomaliesResponse:
    """A page, newest first, each with its label.

    Raises:
        InvalidArgumentError: page size, page token or state make no sense.
        UnavailableError: ClickHouse is away.
    """
    size = page_size(request.page_size)
    if request.state not in Anomaly.State.values():
        raise InvalidArgumentError.of("state", "must be STATE_OPEN, STATE_CLOSED or left out")
    listing = Listing(Cursor, "anomalies", tenant, request.state)
    found = await archive.page(tenant, request.state, listing.after(request.page_token), size + 1)
    shown, token = listing.page(found, size, lambda anomaly: Cursor(anomaly.start_unix_micros, anomaly.name))
    await _show_labels(labels, tenant, shown)
    return ListAnomaliesResponse(anomalies=shown, next_page_token=token)


async def get_labelled(archive: Archive, labels: Labels, tenant: str, name: str) -> Anomaly:
    """One anomaly with its label. Raises as `get_anomaly`."""
    found = await get_anomaly(archive, tenant, name)
    await _show_labels(labels, tenant, [found])
    return found


async def get_anomaly(archive: Archive, tenant: str, name: str) -> Anomaly:
    """One anomaly.

    Raises:
        InvalidArgumentError: not an anomaly's name.
        NotFoundError: the tenant has no such anomaly.
        UnavailableError: ClickHouse is away.
    """
    if not name.startswith("anomalies/"):
        raise InvalidArgumentError.of("name", "reads anomalies/{anomaly}")
    found = await archive.get(tenant, name)
    if found is None:
        raise NotFoundError(f"there is no {name!r}")
    return found


async def _show_labels(labels: Labels, tenant: str, anomalies: Sequence[Anomaly]) -> None:
    said = await labels.of(tenant, [anomaly.name for anomaly in anomalies]) if anomalies else {}
    for anomaly in anomalies:
        if anomaly.name in said:
            anomaly.label.CopyFrom(said[anomaly.name])
