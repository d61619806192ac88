"""What goes wrong, at its textbook size, done to events that were drawn as if it did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from bench.anomaly.clockwork import DAY
from bench.anomaly.outside.flows import OPUS, SONNET, Events, Flow, Ints, dollars, priced
from bench.anomaly.outside.history import History
from services.common.clock import MINUTE

_A = Anomaly
COST = frozenset({_A.CHANNEL_COST, _A.CHANNEL_RUNAWAY})
UNIT = frozenset({_A.CHANNEL_UNIT_COST})
APPEARED = COST | UNIT
"""Requests that were not there before, and dear: that there are more, and dearer ones, are both true."""
NIGHT_UTC = range(1, 4)


def _program(flow: Flow) -> bool:
    return not flow.person and flow.rate.mean() >= 3


def _person(flow: Flow) -> bool:
    return flow.person


def batch_spike(history: History) -> None:
    """Five to ten times the requests, for two to six hours."""
    minutes = int(history.rng.integers(120, 361))
    if at := history.victim(minutes, _program):
        flow, begin = at
        number = history.enter("batch spike", begin, minutes, flow, COST)
        more = history.flows[flow].rate * history.between(begin, begin + minutes) * (history.rng.uniform(5, 10) - 1)
        history.add(number, history.like(flow, more), begin, begin + minutes)


def price(history: History) -> None:
    """Each request three times as dear, under the same name or as another model, for one to three days."""
    minutes = int(history.rng.integers(24, 73)) * 60
    if at := history.victim(minutes, _program):
        flow, begin = at
        number = history.enter("price x3, model upgrade", begin, minutes, flow, UNIT)
        fresh = flow
        if history.rng.random() < 0.5:
            was = history.flows[flow]
            model = replace(was.model, name=f"{was.model.name}-max")
            fresh = history.bring(was.on(model))
        history.change(
            number, flow, begin, begin + minutes,
            lambda e: replace(e, flow=np.full(len(e), fresh), dollars=e.dollars * 3),
        )  # fmt: skip


def cache_collapse(history: History) -> None:
    """Of what was read from a cache 5 % still is, for one to two days."""
    minutes = int(history.rng.integers(24, 49)) * 60
    if at := history.victim(minutes, lambda f: _program(f) and f.cached >= 0.5):
        flow, begin = at
        number = history.enter("cache collapse", begin, minutes, flow, frozenset({_A.CHANNEL_CACHE_HIT_SHARE}))

        def collapse(events: Events) -> Events:
            after = replace(events, read=(events.sent * 0.05).astype(np.int64))
            return replace(after, dollars=dollars(history.flows, after))

        history.change(number, flow, begin, begin + minutes, collapse)


def token_shift(history: History) -> None:
    """Input or output of a request three times as long, for one to two days."""
    minutes = int(history.rng.integers(24, 49)) * 60
    if at := history.victim(minutes, _program):
        flow, begin = at
        longer = history.rng.random() < 0.5
        channel = _A.CHANNEL_INPUT_TOKENS_PER_REQUEST if longer else _A.CHANNEL_OUTPUT_TOKENS_PER_REQUEST
        number = history.enter("token shift", begin, minutes, flow, frozenset({channel}))

        def shift(events: Events) -> Events:
            times, more = (3, 1) if longer else (1, 3)
            sent, read, answered = events.sent * times, events.read * times, events.answered * more
            after = replace(events, sent=sent, read=read, answered=answered)
            return replace(after, dollars=dollars(history.flows, after))

        history.change(number, flow, begin, begin + minutes, shift)


def unit_against_volume(history: History) -> None:
    """Four times the requests at the same cost each, or fewer at three times the cost."""
    minutes = int(history.rng.integers(8, 25)) * 60
    if at := history.victim(minutes, _program):
        flow, begin = at
        volume = history.rng.random() < 0.5
        number = history.enter("unit cost against volume", begin, minutes, flow, COST if volume else UNIT)
        if volume:
            more = history.flows[flow].rate * history.between(begin, begin + minutes) * 3
            history.add(number, history.like(flow, more), begin, begin + minutes)
        else:
            history.leave_out(number, flow, begin, begin + minutes, 0.3)
            history.change(number, flow, begin, begin + minutes, lambda e: replace(e, dollars=e.dollars * 3))


def drop_to_zero(history: History) -> None:
    """Nothing comes for four to twelve hours."""
    minutes = int(history.rng.integers(240, 721))
    if at := history.victim(minutes, _program):
        flow, begin = at
        number = history.enter("drop to zero", begin, minutes, flow, frozenset({_A.CHANNEL_SILENCE}))
        history.leave_out(number, flow, begin, begin + minutes)


def slow_drift(history: History) -> None:
    """3 to 5 % more requests every day, for three weeks."""
    minutes = 21 * DAY * 60
    if at := history.victim(minutes, _program, daily=True):
        flow, begin = at
        channels = frozenset({_A.CHANNEL_DRIFT, _A.CHANNEL_COST})
        number = history.enter("slow drift", begin, minutes, flow, channels)
        age = np.maximum(0, np.arange(history.hours) - begin // 60) / DAY
        more = history.rng.uniform(1.03, 1.05) ** age - 1
        more *= history.flows[flow].rate * history.between(begin, begin + minutes)
        history.add(number, history.like(flow, more, records=history.flows[flow].records), begin, begin + minutes)


def leaked_key(history: History) -> None:
    """A team's key, used at night from another network, for a model nobody uses, by a user nobody knows."""
    minutes = int(history.rng.integers(120, 481))
    if at := history.victim(minutes, lambda f: _program(f) and bool(f.labels.get("key")), daily=True):
        victim, midnight = at
        begin = midnight + int(history.rng.integers(NIGHT_UTC.start * 60, NIGHT_UTC.stop * 60))
        number = history.enter("leaked key", begin, minutes, victim, APPEARED | {_A.CHANNEL_KEY_NOVELTY})
        known = history.flows[victim].called(user=f"x{number}", client_network="198.51.100.0/24", tool="python")
        thief = replace(known.on(OPUS), prompt=4_000, answer=1_500, cached=0.0, spread=0.8, even=False)
        rate = history.between(begin, begin + minutes) * (history.rng.uniform(15, 60) / thief.request_usd)
        flow = history.bring(replace(thief, rate=rate))
        history.add(number, history.like(flow, rate, records=300), begin, begin + minutes)


def new_pair(history: History) -> None:
    """Somebody takes up a dear model, for three days of nine hours."""
    if at := history.victim(3 * DAY * 60, _person, daily=True):
        person, midnight = at
        begin = midnight + 8 * 60
        minutes = (2 * DAY + 9) * 60
        named = APPEARED | {_A.CHANNEL_NEW_PAIRS}
        number = history.enter("new user and model", begin, minutes, person, named)
        known = replace(history.flows[person].on(OPUS), prompt=20_000, answer=1_000, cached=0.5, spread=0.8)
        hour = np.arange(history.hours)
        rate = history.between(begin, begin + minutes) * ((hour % DAY >= 8) & (hour % DAY < 17))
        flow = history.bring(replace(known, rate=rate * (history.rng.uniform(20, 60) / 9 / known.request_usd)))
        history.add(number, history.like(flow, history.flows[flow].rate), begin, begin + minutes)


def runaway(history: History) -> None:
    """A session that asks again and again, with all it said before: one to four dollars a minute soon."""
    minutes = int(history.rng.integers(60, 171))
    if at := history.victim(minutes, _person):
        person, begin = at
        known = replace(history.flows[person].on(SONNET), cached=0.3, answer=600, spread=0.2)
        named = APPEARED | {_A.CHANNEL_INPUT_TOKENS_PER_REQUEST}
        number = history.enter("runaway loop", begin, minutes, person, named)
        flow = history.bring(known.called(session=f"loop-{number}"))
        a_minute = int(history.rng.integers(6, 21))
        time = begin * MINUTE + np.arange(a_minute * minutes) * (MINUTE // a_minute)
        sent = np.minimum(15_000 + 400 * np.arange(len(time)), 150_000).astype(np.int64)
        history.add(number, _loop(history, flow, time, sent), begin, begin + minutes)
        history.incidents[number].sprint = (begin, begin + minutes)


def _loop(history: History, flow: int, time: Ints, sent: Ints) -> Events:
    requests = np.ones(len(time), np.int64)
    answered = history.rng.integers(300, 900, len(time))
    return priced([history.flows[flow]], flow, time, requests, sent, (sent * 0.3).astype(np.int64), answered)


def model_price(history: History) -> None:
    """A model is three times as dear for everybody, for two days."""
    minutes = 2 * DAY * 60
    if at := history.victim(minutes, _program):
        victim, begin = at
        model = history.flows[victim].model
        users = [n for n, flow in enumerate(history.flows) if flow.model == model]
        number = history.enter("price x3 of a model", begin, minutes, victim, UNIT)
        for flow in users:
            history.change(number, flow, begin, begin + minutes, lambda e: replace(e, dollars=e.dollars * 3))


def outage(history: History) -> None:
    """Nothing comes from anybody for three hours."""
    minutes = 3 * 60
    if at := history.victim(minutes, _program):
        victim, begin = at
        number = history.enter("drop to zero of all", begin, minutes, victim, frozenset({_A.CHANNEL_SILENCE}))
        for flow in range(len(history.flows)):
            history.leave_out(number, flow, begin, begin + minutes)


KINDS: Sequence[Callable[[History], None]] = (
    slow_drift, price, cache_collapse, token_shift, new_pair, unit_against_volume, leaked_key, drop_to_zero,
    batch_spike, runaway,
)  # fmt: skip
"""The longest first, while there is room."""


SHARED: Sequence[Callable[[History], None]] = (model_price, outage)


def go_wrong(history: History, times: int) -> None:
    """Each kind so many times, as far as there is room for it."""
    for kind in SHARED if history.shared else KINDS:
        for _ in range(times):
            kind(history)
