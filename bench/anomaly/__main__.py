"""How well the anomaly service finds what costs money, beside plain detectors on the same hours.

    python -m bench.anomaly [--seeds 11 12] [--tuned-on 1] [--weeks 9] [--world office] [--plain]

Thresholds of the plain detectors are picked on other seeds (`--tuned-on`) than those reported; those of the service are
its defaults. Worlds: `office` and `wild`, and those of `bench.anomaly.outside` under its sterner judge.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from itertools import permutations

from finops.anomaly.v1.anomaly_pb2 import Anomaly
from rich.console import Console
from rich.progress import Progress

from bench.anomaly.clockwork import WEEK
from bench.anomaly.report import baselines_table, kinds_table, wrong_table
from bench.anomaly.score import Alarm, Score
from bench.anomaly.service import Told, watch
from bench.anomaly.stream import START
from bench.anomaly.years import NAMES, Year, make
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series
from services.common.clock import MINUTE

FALSE_ALARMS = 0.25
"""Of a series and week: what plain detectors may have."""


def serve(year: Year, policy: Policy, progress: Progress) -> Score:
    """What the service makes of it."""
    loops = {h for i in year.truth.incidents if i.sprint for h in range(i.begin // 60, i.begin // 60 + 3)}
    told, meter = asyncio.run(watch(year.records(), year.hours, policy, loops, progress))
    places = {series: n for n, series in enumerate(year.truth.sums.series)}
    alarms = [alarm for name in told.opened for alarm in _alarms(told, name, places)]
    return year.truth.judge(alarms, meter.series * year.hours / WEEK)


def _alarms(told: Told, name: str, places: dict[Series, int]) -> list[Alarm]:
    """One for the anomaly; of a digest one for each thing it lists."""
    first, last = told.opened[name], told.anomalies[name]
    moments = (first.create_unix_micros, last.start_unix_micros, last.end_unix_micros)
    created, begin, end = ((moment - START) // MINUTE for moment in moments)
    digest = first.channel == Anomaly.CHANNEL_NEW_PAIRS
    named = [dict(each.values) for each in first.novelties] if digest else [dict(first.series)]
    found = [[next((places[s] for s in _series(labels) if s in places), None)] for labels in named]
    if not digest:
        # A key that is used as it never was, and by whom and for what.
        values = [item for each in first.novelties for item in each.values.items()]
        found[0] += [places.get(Series(*item)) for item in values]
    known = [tuple(place for place in each if place is not None) for each in found]
    return [Alarm(each, created, begin, end, first.channel, last.summary) for each in known if each]


def _series(labels: dict[str, str]) -> list[Series]:
    """Those of all labels, in any order, and then those of each alone."""
    together = [Series.of(dict(order)) for order in permutations(labels.items())]
    return together + [Series(dimension, value) for dimension, value in labels.items()]


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    arguments.add_argument("--tuned-on", type=int, nargs="+", default=[1])
    arguments.add_argument("--weeks", type=int, default=9)
    arguments.add_argument("--times", type=int, default=2, help="incidents of each kind in a seed")
    arguments.add_argument("--world", choices=NAMES, default="office")
    arguments.add_argument("--plain", action="store_true", help="beside plain detectors")
    arguments.add_argument("--missed", action="store_true", help="name what was missed and what was false")
    given = arguments.parse_args()
    console = Console()
    total, began = Score(), time.monotonic()
    with Progress(console=console, transient=True) as progress:
        years = []
        for seed in given.seeds:
            year = make(given.world, seed, given.weeks, given.times)
            years.append(year)
            series, events = len(year.truth.sums.series), year.events
            console.print(f"seed {seed}: {events:,} events, {series} series, {len(year.truth.incidents)} incidents")
            total.add(serve(year, Policy(), progress))
    console.print(kinds_table(f"bench/anomaly: {given.world}, the service", total))
    console.print(f"{time.monotonic() - began:.0f} s")
    if given.missed:
        console.print(wrong_table(total))
    if given.plain:
        tuned = [make(given.world, seed, given.weeks, given.times) for seed in given.tuned_on]
        few, allowed = _plain(tuned, years, total.false_alarms)
        console.print(baselines_table("bench/anomaly: plain detectors told to be as quiet as the service", total, few))
        console.print(baselines_table(f"the same, allowed {FALSE_ALARMS} false alarms", total, allowed))


def _plain(tuned: list[Year], years: list[Year], ours: float) -> tuple[dict[str, Score], dict[str, Score]]:
    """Each plain detector at as few false alarms as the service had, and at those it may have."""
    # river takes long to import.
    from bench.anomaly.baselines import BASELINES, Baseline, threshold_of

    few, allowed = dict[str, Score](), dict[str, Score]()
    for name, scorer in BASELINES.items():
        known = [Baseline(scorer, year.truth) for year in tuned]
        fresh = [Baseline(scorer, year.truth) for year in years]
        for found, rate in ((few, ours), (allowed, FALSE_ALARMS)):
            threshold, found[name] = threshold_of(known, rate), Score()
            for baseline in fresh:
                found[name].add(baseline.judge(threshold))
    return few, allowed


if __name__ == "__main__":
    main()
