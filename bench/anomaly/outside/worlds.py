"""Four organisations that have little in common but what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bench.anomaly.clockwork import DAY, WEEK, local_hours, month_end
from bench.anomaly.outside.flows import GPT, HAIKU, MODELS, SONNET, Floats, Flow, Labels, Model
from bench.anomaly.outside.history import History
from bench.anomaly.outside.traces import traces

Draws = np.random.Generator


def labels_of(team: str, key: str, model: Model, source: str, *, user: str = "", tool: str = "api") -> Labels:
    return {
        "team": team, "user": user, "project": f"{team}-app", "key": key, "tool": tool, "source": source,
        "provider": model.provider, "model": model.name, "client_network": "203.0.113.0/24",
    }  # fmt: skip


def textbook(rng: Draws, weeks: int) -> History:
    """A sine of the day times a factor of the weekday; twenty teams, a hundred people."""
    hour = np.arange(weeks * WEEK)
    flows = []
    for place in range(20):
        team, model = f"team-{place:02}", MODELS[place % len(MODELS)]
        wave = 1 + 0.7 * np.sin(2 * np.pi * (hour % DAY - 8 - place % 3) / DAY)
        weekday = np.array([1.0, 1.05, 1.1, 1.05, 0.95, 0.5, 0.45])[hour // DAY % 7]
        program = Flow(
            labels_of(team, f"{team}-prod", model, f"{team}-api"), wave * weekday, model,
            float(rng.uniform(1_500, 8_000)), float(rng.uniform(200, 900)), 0.7, records=6,
        )  # fmt: skip
        flows.append(program.costing(float(rng.uniform(3, 20))))
        for person in range(5):
            model = MODELS[int(rng.integers(len(MODELS)))]
            user = Flow(
                labels_of(team, f"{team}-dev", model, "ide", user=f"user-{place:02}-{person}", tool="ide"),
                wave * weekday * float(rng.uniform(1, 6)), model, float(rng.uniform(8_000, 25_000)),
                float(rng.uniform(300, 900)), 0.6, records=2, person=True,
            )  # fmt: skip
            flows.append(user)
    return History(rng, weeks, flows)


def shared(rng: Draws, weeks: int) -> History:
    """The same, where a model becomes dearer for everybody, and now and then nothing comes from anybody."""
    return replace(textbook(rng, weeks), shared=True)


def sparse(rng: Draws, weeks: int) -> History:
    """A small company: office hours, dead weekends, a handful of requests an hour of which a few cost most."""
    hours = weeks * WEEK
    week = local_hours("Europe/Berlin", hours)
    clock, workday = week % DAY, week // DAY < 5
    office = (workday & (clock >= 9) & (clock < 18)).astype(np.float64)
    flows = []
    for person in range(84):
        team, model = f"group-{person % 8}", MODELS[int(rng.integers(len(MODELS)))]
        source = ("ide", "chat")[person % 2]
        user = Flow(
            labels_of(team, f"key-{person % 24}", model, source, user=f"p{person}", tool="ide"),
            office * float(rng.lognormal(-0.3, 1.0)), model, float(rng.uniform(20_000, 60_000)),
            float(rng.uniform(800, 2_500)), float(rng.uniform(0.2, 0.8)), spread=1.5, records=50, person=True,
        )  # fmt: skip
        flows.append(user)
    for place in range(10):
        team, model = f"group-{place % 8}", (GPT, SONNET, HAIKU)[place % 3]
        rate = (office + 0.05 * workday) if place < 6 else np.full(hours, 0.6)
        program = Flow(
            labels_of(team, f"svc-{place}", model, f"svc-{place}"), rate * float(rng.uniform(8, 30)), model,
            float(rng.uniform(150_000, 400_000)), float(rng.uniform(4_000, 12_000)), 0.6, spread=1.3, records=50,
        )  # fmt: skip
        flows.append(program)
    return History(rng, weeks, flows)


def steady(rng: Draws, weeks: int) -> History:
    """Machines at a constant load with hardly any noise, half of which only change as they are meant to."""
    hours = weeks * WEEK
    flat, flows, spared = np.ones(hours), list[Flow](), list[str]()
    for place in range(60):
        team, model = f"line-{place % 30:02}", MODELS[place % len(MODELS)]
        machine = Flow(
            labels_of(team, f"{team}-k{place // 30}", model, f"robot-{place:02}", tool=f"agent-{place % 5}"),
            flat, model, float(rng.uniform(1_000, 6_000)), float(rng.uniform(100, 700)), 0.7, spread=0.05,
            records=1 if place % 4 == 0 else 4, even=True,
        )  # fmt: skip
        flows.append(machine.costing(float(rng.uniform(2, 12))))
    history = History(rng, weeks, flows)
    _habits(history, spared)
    history.spared = frozenset(spared)
    for person in range(20):
        team, model = f"line-{10 + person % 20:02}", MODELS[person % len(MODELS)]
        operator = Flow(
            labels_of(team, f"{team}-k0", model, "ide", user=f"operator-{person}", tool="ide"), flat * 8, model,
            float(rng.uniform(10_000, 20_000)), 600, 0.6, spread=0.3, records=2, person=True, even=True,
        )  # fmt: skip
        history.flows.append(operator)
    return history


def _habits(history: History, spared: list[str]) -> None:
    """What happens in teams 00 to 09 is as it should be."""
    hour, hours = np.arange(history.hours), history.hours
    berlin = local_hours("Europe/Berlin", hours)
    flows, rng = history.flows, history.rng
    spared += [f"line-{n:02}" for n in range(10)] + ["batches"]

    def times(team: str, factor: Floats) -> None:
        for number, flow in enumerate(flows):
            if flow.labels["team"] == team:
                flows[number] = replace(flow, rate=flow.rate * factor)

    times("line-00", 1.03 ** (hour / WEEK))
    times("line-01", np.where(month_end(hours), 1.6, 1.0))
    holiday = np.isin(hour // DAY, [33, 47])
    times("line-02", np.where(holiday, 0.1, 1.0))
    times("line-03", np.where((berlin % DAY >= 7) & (berlin % DAY < 19), 1.0, 0.3))
    for number, flow in enumerate(list(flows)):
        if flow.labels["team"] == "line-04":
            history.renamed.append((number, 5 * WEEK + 57, {"team": "line-04-new"}))
        if flow.labels["team"] == "line-05":
            history.renamed.append((number, 6 * WEEK + 34, {"key": f"{flow.labels['key']}-rotated"}))
    shapes = {
        "nightly": berlin % DAY == 2,
        "weekly": (berlin >= 2 * DAY + 3) & (berlin < 2 * DAY + 6),
        "month-end": month_end(hours) & (hour % DAY == 4),
        "six-hourly": hour % 6 == 0,
    }
    for name, shape in shapes.items():
        batch = Flow(
            labels_of("batches", f"{name}-key", HAIKU, name), shape * float(rng.uniform(800, 3_000)), HAIKU, 4_000, 500,
            0.7, spread=0.05, records=12, even=True,
        )  # fmt: skip
        flows.append(batch.costing(float(rng.uniform(20, 60)) * float(shape.mean())))


WORLDS: dict[str, Callable[[Draws, int], History]] = {
    "textbook": textbook, "shared": shared, "sparse": sparse, "traces": traces, "steady": steady,
}  # fmt: skip
