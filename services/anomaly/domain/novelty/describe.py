"""Novelties as messages, and in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Novelty

from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.describe import UNITS, between, severity
from services.anomaly.domain.incidents import name_of
from services.anomaly.domain.novelty.sightings import KEY_MODEL, KEY_NETWORK, KEY_USER
from services.anomaly.domain.novelty.strange import HOUR_OF_DAY, Strange, StrangeKey
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import TENANT, Hour, Series, Totals
from services.anomaly.domain.words import dollars
from services.common.clock import DAY, HOUR, Micros, to_datetime
from services.common.money import PICOS_PER_DOLLAR, to_proto

MOST_LISTED = 100
MOST_NAMED = 3
_NAMES = {KEY_NETWORK: "client_network", KEY_MODEL: "model", KEY_USER: "user", HOUR_OF_DAY: "hour"}
_WORDS = {KEY_NETWORK: "from", KEY_MODEL: "for", KEY_USER: "by", HOUR_OF_DAY: "at"}


class NewPair(NamedTuple):
    """A user's first day on a model."""

    user: str
    model: str
    first: Hour
    totals: Totals


def describe_key(tenant: str, found: StrangeKey, policy: Policy, until: Micros | None = None) -> Anomaly:
    """The key's new ways as they stand, without the times they were told at.

    Args:
        tenant: whose.
        found: what is told.
        policy: says how severe it is.
        until: the moment up to which it is known, where its last hour is not over.
    """
    hours, cost = max(1, found.last + 1 - found.start), found.spent.cost
    end = (found.last + 1) * HOUR if until is None else until
    open_ = found.closed_at is None
    return Anomaly(
        name=found.name,
        tenant_id=tenant,
        series={"key": found.key},
        channel=Anomaly.CHANNEL_KEY_NOVELTY,
        state=Anomaly.STATE_OPEN if open_ else Anomaly.STATE_CLOSED,
        start_unix_micros=found.start * HOUR,
        end_unix_micros=end,
        actual=cost / PICOS_PER_DOLLAR / hours,
        unit=UNITS[Anomaly.CHANNEL_KEY_NOVELTY],
        impact=to_proto(cost),
        # Whoever holds the key may go on: never a trifle.
        severity=max(severity(cost, policy), Anomaly.SEVERITY_MEDIUM),
        summary=_key_summary(found, end),
        novelties=[_novelty(found, one) for one in sorted(found.strange, key=lambda s: (-s.totals.cost, s.dimension))],
    )


def describe_pairs(tenant: str, day: int, pairs: Sequence[NewPair]) -> Anomaly:
    """A day's digest of pairs, the dearest first."""
    cost = sum(pair.totals.cost for pair in pairs)
    start = day * DAY
    return Anomaly(
        name=name_of(tenant, Series(TENANT, tenant), Anomaly.CHANNEL_NEW_PAIRS, day),
        tenant_id=tenant,
        series={TENANT: tenant},
        channel=Anomaly.CHANNEL_NEW_PAIRS,
        state=Anomaly.STATE_CLOSED,
        start_unix_micros=start,
        end_unix_micros=start + HOURS_A_DAY * HOUR,
        actual=cost / PICOS_PER_DOLLAR,
        unit=UNITS[Anomaly.CHANNEL_NEW_PAIRS],
        impact=to_proto(cost),
        severity=Anomaly.SEVERITY_LOW,
        summary=_pairs_summary(pairs, start),
        novelties=[
            Novelty(
                values={"user": pair.user, "model": pair.model}, first_unix_micros=pair.first * HOUR,
                cost=to_proto(pair.totals.cost), requests=pair.totals.requests,
            )
            for pair in pairs[:MOST_LISTED]
        ],
    )  # fmt: skip


def _novelty(found: StrangeKey, strange: Strange) -> Novelty:
    return Novelty(
        values={"key": found.key, _NAMES[strange.dimension]: ", ".join(strange.values[:MOST_NAMED])},
        first_unix_micros=found.start * HOUR,
        cost=to_proto(strange.totals.cost),
        requests=strange.totals.requests,
    )


def _key_summary(found: StrangeKey, end: Micros) -> str:
    news = " and ".join(f"{_WORDS[one.dimension]} {_list(one.values)}" for one in found.strange)
    spent, when = dollars(found.spent.cost / PICOS_PER_DOLLAR), between(found.start * HOUR, end)
    said = f"Key {found.key} was used {news}, as it never was before, and spent {spent} so {when}"
    return f"{said}. If nobody meant it, the key may have leaked: revoke it."


def _pairs_summary(pairs: Sequence[NewPair], start: int) -> str:
    day, people = to_datetime(start), len({pair.user for pair in pairs})
    spent = dollars(sum(pair.totals.cost for pair in pairs) / PICOS_PER_DOLLAR)
    who = "One person" if people == 1 else f"{people:,} people"
    named = ", ".join(
        f"{pair.user} {pair.model} ({dollars(pair.totals.cost / PICOS_PER_DOLLAR)})" for pair in pairs[:MOST_NAMED]
    )
    more = f" and {len(pairs) - MOST_NAMED:,} more" if len(pairs) > MOST_NAMED else ""
    return f"{who} used models new to them on {day.day} {day:%b}, for {spent}: {named}{more}."


def _list(values: Sequence[str]) -> str:
    shown = ", ".join(values[:MOST_NAMED])
    return shown if len(values) <= MOST_NAMED else f"{shown} and {len(values) - MOST_NAMED} more"
