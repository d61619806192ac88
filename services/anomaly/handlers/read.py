"""Answers about anomalies, of the caller's tenant only."""

from __future__ import annotations

import base64
import binascii

from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    ListAnomaliesRequest,
    ListAnomaliesResponse,
)

from services.anomaly.handlers.ports import Archive
from services.common.clock import Micros
from services.common.errors import InvalidArgumentError, NotFoundError

MOST = 1_000
USUAL = 100


async def list_anomalies(archive: Archive, tenant: str, request: ListAnomaliesRequest) -> ListAnomaliesResponse:
    """A page, newest first.

    Raises:
        InvalidArgumentError: page size, page token or state make no sense.
        UnavailableError: ClickHouse is away.
    """
    if not 0 <= request.page_size <= MOST:
        raise InvalidArgumentError.of("page_size", f"must lie between 1 and {MOST}; 0 means {USUAL}")
    if request.state not in Anomaly.State.values():
        raise InvalidArgumentError.of("state", "must be STATE_OPEN, STATE_CLOSED or left out")
    size = request.page_size or USUAL
    before = _position(request.page_token) if request.page_token else None
    found = await archive.page(tenant, request.state, before, size + 1)
    page = found[:size]
    return ListAnomaliesResponse(anomalies=page, next_page_token=_token(page[-1]) if len(found) > size else "")


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


def _token(anomaly: Anomaly) -> str:
    return base64.urlsafe_b64encode(f"{anomaly.start_unix_micros} {anomaly.name}".encode()).decode()


def _position(token: str) -> tuple[Micros, str]:
    try:
        start, name = base64.b64decode(token, altchars=b"-_", validate=True).decode().split(" ", 1)
        position = int(start)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidArgumentError.of("page_token", "is not one of ours: pass next_page_token on unchanged") from None
    if not -(2**63) <= position < 2**63:
        raise InvalidArgumentError.of("page_token", "is not one of ours: pass next_page_token on unchanged")
    return position, name
