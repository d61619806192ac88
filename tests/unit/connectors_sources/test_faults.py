"""Vendors that are hasty, broken or cut off in between: what is read is what they would have said at once."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from services.connectors.domain.connector import Connector, SourceRefusedError, Window
from tests.fakes.server import Seen, disconnect, garbage, rate_limited, refused, server_error
from tests.unit.connectors_sources.recordings import OPTIONS, SOURCES, golden
from tests.unit.connectors_sources.vendor import serving, told


def answers(name: str) -> Any:
    recorded = golden(name)

    def answer(seen: Seen) -> Any:
        return recorded[seen.path.partition("/billing/")[2]] if name == "copilot-billing.json" else recorded

    return answer


@pytest.mark.parametrize(("connector", "name", "asked"), SOURCES, ids=lambda value: getattr(value, "name", ""))
async def test_faults_change_nothing(connector: Connector, name: str, asked: Window) -> None:
    async with serving(answers(name)) as vendor:
        undisturbed = await told(vendor, connector, asked, **OPTIONS)
        once = len(vendor.requests)
        vendor.fail_next(rate_limited(retry_after=0), server_error(502), None, disconnect(), garbage())
        disturbed = await told(vendor, connector, asked, **OPTIONS)
        assert len(vendor.requests) > 2 * once
    assert undisturbed[0]
    assert disturbed == undisturbed


@pytest.mark.parametrize(("connector", "name", "asked"), SOURCES, ids=lambda value: getattr(value, "name", ""))
async def test_a_refusal_is_final_and_keeps_the_secret(connector: Connector, name: str, asked: Window) -> None:
    sent = " ".join(connector.headers("s3cret").values())
    async with serving(answers(name)) as vendor:
        vendor.fail_next(refused(403, f"{sent} may not read this"))
        with pytest.raises(SourceRefusedError, match=r"HTTP 403.*may not read this") as caught:
            await told(vendor, connector, asked, **OPTIONS)
        assert len(vendor.requests) == 1
    basic = base64.b64encode(b"s3cret:").decode()
    assert "s3cret" in sent or basic in sent
    assert "s3cret" not in str(caught.value)
    assert basic not in str(caught.value)
