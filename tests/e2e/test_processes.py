"""`aifinops up --processes`: each service in a process of its own, the platform started once for all of these."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal

import psutil
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests.e2e.events import event, total
from tests.e2e.revoking import AT_ONCE_SECONDS, seconds_until_refused
from tests.e2e.running import Up, children_left, eventually
from tests.e2e.spans import ONE_CALL, arrives, one_call, span_exporter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    data = tmp_path_factory.mktemp("processes")
    with Up(data, "--processes") as running:
        yield running
        assert running.stop() == 0
    assert not children_left(data)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_spans_reach_the_ledger_through_all_of_them(up: Up, protocol: str) -> None:
    project = f"apart-{protocol}"
    provider = TracerProvider(resource=Resource({"service.name": project}))
    provider.add_span_processor(BatchSpanProcessor(span_exporter(protocol, up)))
    one_call(provider.get_tracer("test"), 1)
    provider.shutdown()
    arrives(up.client(), ONE_CALL, 1, project=project)


def test_a_revoked_key_is_refused_everywhere_at_once(up: Up, record_property: Callable[[str, object], None]) -> None:
    found = seconds_until_refused(up)
    record_property("seconds_until_refused", json.dumps(found))
    assert max(max(times.values()) for times in found.values()) < AT_ONCE_SECONDS, found


def test_all_may_be_killed_at_once(up: Up) -> None:
    client = up.client()
    events = [event(number, project="killed") for number in range(300)]
    client.send(events[:150])
    children = psutil.Process(up.process.pid).children(recursive=True)
    names = {" ".join(child.cmdline()) for child in children}
    for service in ("pricing", "ledger", "budget", "anomaly", "optimizer", "governance", "notifier"):
        assert any(name.endswith(f"run {service}") for name in names), (service, names)
    assert not any(name.endswith("run connectors") for name in names), "there are no pollers"
    for child in children:
        if "run" in child.cmdline():
            os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: client.http.get("/readyz"), lambda answer: answer.status_code == 200)
    client.send(events)

    def spend() -> Decimal:
        rows = client.costs(granularity="total", project="killed")
        return sum((Decimal(row["cost"]) for row in rows), Decimal(0))

    eventually(spend, lambda amount: amount == total(events), seconds=90)
