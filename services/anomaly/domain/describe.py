"""An incident as a message, and as a sentence for a finance person."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.incidents import Incident
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import Figures
from services.anomaly.domain.run import Spell
from services.anomaly.domain.series import TENANT, Series
from services.anomaly.domain.users import Crowd
from services.anomaly.domain.whole import hours_between
from services.anomaly.domain.words import dollars
from services.common.clock import HOUR, Micros, to_datetime
from services.common.money import PICOS_PER_DOLLAR, to_proto

UNITS = {
    Anomaly.CHANNEL_COST: "USD/hour",
    Anomaly.CHANNEL_UNIT_COST: "USD/request",
    Anomaly.CHANNEL_SILENCE: "requests/hour",
    Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST: "tokens/request",
    Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST: "tokens/request",
    Anomaly.CHANNEL_CACHE_HIT_SHARE: "share",
    Anomaly.CHANNEL_RUNAWAY: "USD/minute",
    Anomaly.CHANNEL_KEY_NOVELTY: "USD/hour",
    Anomaly.CHANNEL_NEW_PAIRS: "USD/day",
    Anomaly.CHANNEL_DRIFT: "USD/day",
    Anomaly.CHANNEL_ERROR_SHARE: "share",
}

MANY_TIMES, MANY = 1.5, 3
"""Users are worth a word if there are so many times the usual, and so many more."""

_RATIOS = {
    Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST: "sent {actual:,.0f} tokens a request, where {usual:,.0f} are usual,",
    Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST: "got {actual:,.0f} tokens a request, where {usual:,.0f} are usual,",
    Anomaly.CHANNEL_CACHE_HIT_SHARE: "had {actual:.0%} of its input read from the cache, where {usual:.0%} is usual,",
}


def describe(tenant: str, incident: Incident, policy: Policy, until: Micros | None = None) -> Anomaly:
    """The incident as it stands, without the times it was told at.

    Args:
        tenant: whose.
        incident: what is told.
        policy: says how severe it is.
        until: the moment up to which it is known, where its last hour is not over.
    """
    run = incident.suspect.run
    total = run.total
    end = (run.last + 1) * HOUR if until is None else until
    anomaly = Anomaly(
        name=incident.name,
        tenant_id=tenant,
        series=incident.series.labels,
        channel=incident.channel,
        state=Anomaly.STATE_OPEN if incident.closed_at is None else Anomaly.STATE_CLOSED,
        start_unix_micros=incident.start * HOUR,
        end_unix_micros=end,
        unit=UNITS[incident.channel],
        impact=to_proto(-total.excess if incident.channel == Anomaly.CHANNEL_ERROR_SHARE else total.excess),
        severity=severity(total.excess, policy),
        summary=summary(incident, end),
        hours_between=_rarity(incident),
    )
    figures = _figures(incident)
    if figures is not None:
        anomaly.actual, anomaly.expected = figures.actual, figures.expected
        anomaly.expected_low, anomaly.expected_high = figures.low, figures.high
    crowd = _crowd(incident)
    if crowd is not None:
        anomaly.users.actual, anomaly.users.usual = crowd
    return anomaly


def severity(impact: int, policy: Policy) -> Anomaly.Severity:
    """By dollars, lost or missing."""
    dollars = abs(impact) / PICOS_PER_DOLLAR
    if dollars >= policy.high_usd:
        return Anomaly.SEVERITY_HIGH
    return Anomaly.SEVERITY_MEDIUM if dollars >= policy.medium_usd else Anomaly.SEVERITY_LOW


def summary(incident: Incident, end: Micros) -> str:
    """What happened, when, and what it cost; in words."""
    total = incident.suspect.run.total
    who = subject(incident.series)
    when = between(incident.start * HOUR, end)
    latest = incident.suspect.run.latest
    spent, excess = dollars(total.spent / PICOS_PER_DOLLAR), dollars(abs(total.excess) / PICOS_PER_DOLLAR)
    if incident.channel == Anomaly.CHANNEL_SILENCE:
        heard = f"about {total.usual_requests:,.0f} requests worth {excess} are usual in those hours"
        return f"{who} sent no usage {when}; {heard}."
    if incident.channel == Anomaly.CHANNEL_DRIFT and latest is not None:
        rose = f"about {excess} more than the same weekdays cost weeks ago"
        spends = f"{who} spends more from day to day: {dollars(latest.actual)} on the last of the days {when}"
        return f"{spends}, {rose}{_many(incident, 'on that day')}."
    if incident.channel == Anomaly.CHANNEL_ERROR_SHARE and latest is not None:
        failed = f"{latest.actual:.0%} of the requests of {_inside(who)} failed {when}, where {latest.expected:.0%} do"
        return f"{failed}: about {round(total.share * total.requests):,} more than usual, worth about {excess}."
    if latest is not None and latest.over_cap:
        return f"{who} has no history yet and spent {spent} {when}, above the cap of {dollars(latest.high)} an hour."
    if incident.channel == Anomaly.CHANNEL_UNIT_COST:
        paid, usual = _per_request(total)
        times = f"{paid / usual:.1f} times the usual {dollars(usual)}" if usual else "where nothing was paid before"
        more = f"about {excess} more than those requests usually cost"
        return f"{who} paid {dollars(paid)} a request {when}, {times}: {more}."
    figures = _figures(incident)
    if incident.channel in _RATIOS and figures is not None:
        times = _RATIOS[incident.channel].format(actual=figures.actual, usual=figures.expected)
        return f"{who} {times} {when}: those requests cost about {excess} more than usual."
    expected = f"{dollars(total.usual_low)}-{dollars(total.usual_high)}"
    more = f"about {excess} more than the {expected} expected for those hours"
    return f"{who} spent {spent} {when}, {more}{_many(incident, 'in the last of them')}."


def subject(series: Series) -> str:
    """'Team search', 'Key prod-key-1', 'Everything'."""
    if series.dimension == TENANT:
        return "The whole organisation"
    words = [f"{name.replace('_', ' ')} {value}" for name, value in series.labels.items()]
    said = " on ".join(words)
    return said[:1].upper() + said[1:]


def between(start: Micros, end: Micros) -> str:
    """'between 14:00 and 19:00 UTC on 13 Nov', or with both days if they differ."""
    begin, finish = to_datetime(start), to_datetime(end)
    if begin.date() == finish.date():
        return f"between {begin:%H:%M} and {finish:%H:%M} UTC on {begin.day} {begin:%b}"
    return f"between {begin:%H:%M} on {begin.day} {begin:%b} and {finish:%H:%M} UTC on {finish.day} {finish:%b}"


def _inside(who: str) -> str:
    """A subject within a sentence."""
    return who[:1].lower() + who[1:]


def _crowd(incident: Incident) -> Crowd | None:
    """Who asked, where that tells something."""
    latest = incident.suspect.run.latest
    told = incident.channel in (Anomaly.CHANNEL_COST, Anomaly.CHANNEL_DRIFT)
    crowd = latest.crowd if told and latest is not None else None
    return crowd if crowd is not None and crowd.users and crowd.usual else None


def _many(incident: Incident, when: str) -> str:
    """', by 42 users in the last of them, where 5 are usual': only where there are so many more."""
    crowd = _crowd(incident)
    if crowd is None or crowd.users < MANY_TIMES * crowd.usual or crowd.users < crowd.usual + MANY:
        return ""
    return f", by {crowd.users:,} users {when}, where {crowd.usual:,.0f} are usual"


def _rarity(incident: Incident) -> float:
    """Silence and the cap are judged by counts and dollars, not by odds."""
    latest = incident.suspect.run.latest
    by_odds = incident.channel != Anomaly.CHANNEL_SILENCE and latest is not None and not latest.over_cap
    return hours_between(incident.suspect.run.utmost) if by_odds else 0.0


def _figures(incident: Incident) -> Figures | None:
    """Of the last hour out of range, in the channel's unit."""
    latest = incident.suspect.run.latest
    if incident.figures is not None or latest is None:
        return incident.figures
    found = Figures(latest.actual, latest.expected, latest.low, latest.high)
    if incident.channel == incident.suspect.channel:
        return found
    # Found by its cost and put down to its price: the usual cost of this hour's requests, by request.
    usual = 1 / max(latest.spell.usual_requests, 0.5)
    return Figures(found.actual / max(1, latest.spell.requests), *(each * usual for each in found[1:]))


def _per_request(total: Spell) -> tuple[float, float]:
    """Dollars a request as paid and as usual, over a run of either channel."""
    paid = total.spent / PICOS_PER_DOLLAR / max(1, total.requests)
    return paid, total.usual / max(total.usual_requests, 0.5)
