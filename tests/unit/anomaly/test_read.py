"""Pages of anomalies."""

from __future__ import annotations

import base64

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, ListAnomaliesRequest

from services.anomaly.handlers.read import get_anomaly, list_anomalies
from services.common.errors import InvalidArgumentError, NotFoundError
from tests.unit.anomaly.labels import MemoryLabels
from tests.unit.anomaly.stream import MemoryArchive


async def _archive() -> MemoryArchive:
    archive = MemoryArchive()
    states = (Anomaly.STATE_OPEN, Anomaly.STATE_CLOSED)
    await archive.save(
        [
            Anomaly(name=f"anomalies/{i:02}", tenant_id="acme", start_unix_micros=i // 3, state=states[i % 2])
            for i in range(10)
        ]
    )
    await archive.save([Anomaly(name="anomalies/other", tenant_id="globex")])
    return archive


@pytest.mark.parametrize("size", [1, 3, 10, 11])
async def test_pages_together_hold_everything_once_newest_first(size: int) -> None:
    archive, names, token = await _archive(), [], ""
    while True:
        request = ListAnomaliesRequest(page_size=size, page_token=token)
        page = await list_anomalies(archive, MemoryLabels(), "acme", request)
        assert len(page.anomalies) <= size
        names += [anomaly.name for anomaly in page.anomalies]
        token = page.next_page_token
        if not token:
            break
    assert names == [f"anomalies/{i:02}" for i in reversed(range(10))]


async def test_by_state() -> None:
    page = await list_anomalies(
        await _archive(), MemoryLabels(), "acme", ListAnomaliesRequest(state=Anomaly.STATE_OPEN)
    )
    assert len(page.anomalies) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        ListAnomaliesRequest(page_size=-1),
        ListAnomaliesRequest(page_token="x"),
        ListAnomaliesRequest(page_token=base64.urlsafe_b64encode(b"a b").decode()),
        ListAnomaliesRequest(page_token=base64.urlsafe_b64encode(b"9" * 40 + b" n").decode()),
        ListAnomaliesRequest(page_token=base64.urlsafe_b64encode(b"\xff\xff\xff").decode()),
        ListAnomaliesRequest(state=9),  # type: ignore[arg-type]
    ],
)
async def test_what_makes_no_sense_is_refused(wrong: ListAnomaliesRequest) -> None:
    with pytest.raises(InvalidArgumentError):
        await list_anomalies(await _archive(), MemoryLabels(), "acme", wrong)


async def test_one_anomaly_of_ones_own_tenant() -> None:
    archive = await _archive()
    assert (await get_anomaly(archive, "acme", "anomalies/03")).name == "anomalies/03"
    with pytest.raises(NotFoundError):
        await get_anomaly(archive, "acme", "anomalies/other")
    with pytest.raises(InvalidArgumentError):
        await get_anomaly(archive, "acme", "03")
