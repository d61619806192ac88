"""Where use came from: no more of an address is kept than its network."""

from __future__ import annotations

import pytest

from services.ingest.domain.client_network import network_of
from services.ingest.domain.otlp.attribution import AttributeMap
from tests.unit.ingest.building import context, native
from tests.unit.ingest.serving import serve


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        (" 203.0.113.77:51234 ", "203.0.113.0/24"),
        ("203.0.113.77/32", "203.0.113.0/24"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("[2001:db8:1:2::3]:443", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("office", "office"),
        ("", ""),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_every_source_is_cut_before_anything_is_kept() -> None:
    served = serve()
    await served.client.post("/v1/events", json=[native(id="e1", tags={"client_network": "203.0.113.77"})])
    usage = {"id": "c", "usage": {"prompt_tokens": 1}}
    await served.client.post("/v1/usage/openai", json=usage, headers={"X-Tags": "client_network=203.0.113.9"})
    litellm = {"id": "l1", "model": "gpt-4o", "metadata": {"requester_ip_address": "203.0.113.5"}, "prompt_tokens": 5}
    await served.client.post("/v1/litellm", json=litellm)
    assert [event.tags["client_network"] for event in served.kept.events] == ["203.0.113.0/24"] * 3


def test_telemetry_tells_the_client_by_its_address() -> None:
    names, told = AttributeMap(), context()
    assert names.tags({"client.address": "203.0.113.77"}, {}, told) == {"client_network": "203.0.113.77"}
    assert names.tags({}, {"source.address": "203.0.113.7"}, told) == {"client_network": "203.0.113.7"}
    assert {"client.address", "source.address"} <= names.names
