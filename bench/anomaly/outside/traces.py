"""An organisation whose hours are those of real traces: bursts that follow bursts, lengths that go together.

Requests of an hour follow mentions on Twitter in 2015 (NAB's realTweets, hour by hour) and, from hour to hour, the
arrivals at two of Azure's language models in 2023; the pairs of input and output lengths are those of that trace. Both
are looked for in ../shared/data beside the checkout, or where AIFINOPS_TRACES says.
"""

from __future__ import annotations

import csv
import os
from datetime import datetime
from pathlib import Path

import numpy as np

from bench.anomaly.clockwork import WEEK
from bench.anomaly.outside.flows import MODELS, Events, Floats, Flow, Ints, priced
from bench.anomaly.outside.history import History
from services.common.clock import HOUR

_DATA = Path(__file__).parents[4] / "shared" / "data"
_SECONDS = 3_500
"""Of Azure's trace."""


def _data() -> Path:
    return Path(os.environ.get("AIFINOPS_TRACES", _DATA))


def _mentions(company: str) -> Floats:
    """By hour."""
    with (_data() / "nab" / "data" / "realTweets" / f"Twitter_volume_{company}.csv").open() as file:
        rows = [(datetime.fromisoformat(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
    begin = rows[0][0].replace(hour=0, minute=0, second=0)
    hours = [int((moment - begin).total_seconds() // 3_600) for moment, _ in rows]
    found = np.zeros(max(hours) + 1)
    np.add.at(found, hours, [value for _, value in rows])
    monday = (-begin.weekday()) % 7 * 24
    return found[monday : monday + (len(found) - monday) // WEEK * WEEK]


def _azure(name: str) -> tuple[Floats, Ints, Ints]:
    """Second of each request, and its tokens in and out."""
    with (_data() / f"azure_llm_trace_2023_{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    moments = [datetime.fromisoformat(row["TIMESTAMP"][:26]) for row in rows]
    seconds = np.array([(moment - moments[0]).total_seconds() for moment in moments])
    context, generated = (np.array([int(row[c]) for row in rows]) for c in ("ContextTokens", "GeneratedTokens"))
    return seconds, context, generated


COMPANIES = ("AMZN", "FB", "GOOG", "IBM", "KO", "AAPL", "UPS", "CRM", "PFE", "CVS")
STEADY = 4
"""So many of them are spoken of in every hour, and in every week about as much."""


def traces(rng: np.random.Generator, weeks: int) -> History:
    """Sixteen programs and seventy people."""
    hours = weeks * WEEK
    known = {name: _azure(name) for name in ("code", "conv")}
    mentions = {company: _mentions(company) for company in COMPANIES}
    history = History(rng, weeks, [])
    for place in range(86):
        person = place >= 16
        team, model = f"unit-{place % 14:02}", MODELS[int(rng.integers(len(MODELS)))]
        # A minute without code is no hour without it: programs follow the trace that never pauses.
        seconds, context, generated = known["conv" if not person else ("code", "conv")[place % 2]]
        company = COMPANIES[place % (len(COMPANIES) if person else STEADY)]
        demand = _demand(mentions[company], hours, int(rng.integers(8)))
        rate = demand * _bursts(seconds, hours, float(rng.integers(_SECONDS)))
        labels = {
            "team": team, "user": f"dev-{place}" if person else "", "project": f"{team}-{place % 3}",
            "key": f"{team}-{'dev' if person else place}", "tool": ("ide", "chat")[place % 2] if person else "api",
            "source": ("ide", "chat")[place % 2] if person else f"api-{place}", "provider": model.provider,
            "model": model.name, "client_network": "203.0.113.0/24",
        }  # fmt: skip
        cached = 0.0 if person else 0.6
        flow = Flow(
            labels, rate, model, float(context.mean()), float(generated.mean()), cached, records=2 if person else 10,
            person=person,
        )  # fmt: skip
        flow = flow.costing(float(rng.uniform(0.05, 0.6) if person else rng.uniform(3, 15)))
        history.flows.append(flow)
        history.parts.append(_replayed(rng, flow, place, context, generated))
    history.parts = [Events.joined(history.parts)]
    return history


def _demand(mentions: Floats, hours: int, weeks_later: int) -> Floats:
    """Of an hour, 1 on average; begun in another week. What went around the world for hours is no office's habit, nor
    are the hours that were not recorded: half to twice what the hour of the week usually has."""
    rolled = np.roll(mentions, -weeks_later * WEEK).reshape(-1, WEEK)
    usual = np.median(rolled, axis=0)
    tame = np.clip(rolled, usual / 2, 2 * usual).ravel()
    return np.resize(tame / tame.mean(), hours)


def _bursts(seconds: Floats, hours: int, offset: float) -> Floats:
    """Arrivals in as many parts of the trace as there are hours, 1 on average."""
    parts = ((seconds + offset) % _SECONDS / _SECONDS * hours).astype(np.int64)
    counts = np.bincount(parts, minlength=hours)[:hours]
    return np.asarray(counts / counts.mean())


def _replayed(rng: np.random.Generator, flow: Flow, number: int, context: Ints, generated: Ints) -> Events:
    """The trace's requests one after the other, from anywhere in it; each record holds some that follow each other."""
    counts = rng.poisson(flow.rate)
    busy = np.flatnonzero(counts)
    rows = np.minimum(counts[busy], flow.records)
    cell = np.repeat(np.arange(len(busy)), rows)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(rows) - rows, rows)
    requests = counts[busy][cell] // rows[cell] + (nth < counts[busy][cell] % rows[cell])
    time = busy[cell] * HOUR + rng.integers(0, HOUR, len(cell))
    begin = int(rng.integers(len(context)))
    ends = begin + np.cumsum(requests)
    sent, answered = (_of_runs(tokens, begin, ends) for tokens in (context, generated))
    read = (sent * np.clip(flow.cached * rng.normal(1, 0.05, len(cell)), 0, 0.98)).astype(np.int64)
    return priced([flow], number, time, requests, sent, read, answered)


def _of_runs(tokens: Ints, begin: int, ends: Ints) -> Ints:
    """Sums of consecutive ones, the trace repeated without end."""
    sums, size = np.concatenate([[0], np.cumsum(tokens)]), len(tokens)
    at = np.concatenate([[begin], ends])
    reached = at // size * sums[-1] + sums[at % size]
    return np.asarray(np.diff(reached))
