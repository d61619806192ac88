"""A history as the cost log tells it, and the sums of every series in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent

from bench.anomaly.outside.flows import Events, Labels
from bench.anomaly.outside.history import History
from bench.anomaly.stream import START, TENANT, Share, StoredRecord, Sums, as_stored
from services.anomaly.domain.series import Reader, Series
from services.common.clock import HOUR

_TAGS = ("client_network",)


def _usage(labels: Labels) -> UsageEvent:
    plain = {name: value for name, value in labels.items() if name not in _TAGS}
    tags = {name: labels[name] for name in _TAGS if name in labels}
    return UsageEvent(tenant_id=TENANT, time_unix_micros=START, tags=tags, **plain)  # type: ignore[arg-type]


def names(history: History) -> tuple[list[Labels], Events]:
    """Every set of labels in use, and the events, their `flow` being a number in that list."""
    (events,) = history.parts
    labels, flow = [f.labels for f in history.flows], events.flow.copy()
    for number, since, fresh in sorted(history.renamed, key=lambda r: r[1]):
        later = (flow == number) & (events.time >= since * HOUR)
        flow[later] = len(labels)
        labels.append(labels[number] | fresh)
    return labels, replace(events, flow=flow)


def records(history: History) -> Iterator[StoredRecord]:
    """In the order of time."""
    labels, events = names(history)
    known = [CostRecord(usage=_usage(each)).SerializeToString() for each in labels]
    events = events.pick(~events.missing)
    picos = np.round(events.dollars * 1e12).astype(np.int64)
    failed = np.zeros(len(events), np.bool_)
    numbers = (events.time, events.flow, events.requests, events.sent, events.read, events.answered, picos, failed)
    return as_stored(numbers, lambda name, time: known[name])


def sums(history: History, reader: Reader) -> Sums:
    """The same sums as the service makes, and what of them is whose."""
    labels, events = names(history)
    hour, shape = events.time // HOUR, (history.hours, len(labels))
    came = ~events.missing
    dollars, requests = np.zeros(shape), np.zeros(shape)
    np.add.at(dollars, (hour[came], events.flow[came]), events.dollars[came])
    np.add.at(requests, (hour[came], events.flow[came]), events.requests[came])
    index: dict[Series, int] = {}
    places = [[index.setdefault(s, len(index)) for s in reader.series(reader.cell(_usage(each)))] for each in labels]
    belongs = np.zeros((len(labels), len(index)))
    for name, mine in enumerate(places):
        belongs[name, mine] = 1.0
    spent, asked = dollars @ belongs, requests @ belongs
    shares = []
    for incident in history.incidents:
        its = events.pick(events.incident == incident.number)
        first, last = incident.begin // 60, -(-incident.end // 60)
        excess = np.zeros((last - first, len(labels)))
        np.add.at(excess, (its.time // HOUR - first, its.flow), its.excess)
        shares.append(Share(first, excess @ belongs, spent[first:last]))
    return Sums(list(index), spent, asked, shares)
