"""Which routes are allowed: every violation is found and named, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from finops.notification.v1 import notification_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.clock import SECOND
from services.common.errors import FieldViolation, InvalidArgumentError, NotFoundError
from services.notifier.domain import receivers, template
from services.notifier.domain.hours import EVERY_DAY, Cadence, Digest, QuietHours
from services.notifier.domain.message import Severity
from services.notifier.domain.routing import GroupBy, Grouping, Route
from services.notifier.domain.words import KINDS

NAME_PREFIX = "alertRoutes/"
UPDATABLE = (
    "display_name", "position", "match", "continue_matching", "receivers", "template", "quiet_hours", "digest",
    "grouping", "disabled",
)  # fmt: skip
"""Fields an update mask may name."""

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_LIMITS = {"display_name": 200, "template.title": 500, "template.body": 10_000}
_MOST = {"match.kinds": 50, "match.teams": 200, "match.labels": 20, "quiet_hours": 10}
_CADENCES = {
    pb.Digest.CADENCE_HOURLY: Cadence.HOURLY,
    pb.Digest.CADENCE_DAILY: Cadence.DAILY,
    pb.Digest.CADENCE_WEEKLY: Cadence.WEEKLY,
}
_GROUPS = {
    pb.Grouping.BY_SUBJECT: GroupBy.SUBJECT,
    pb.Grouping.BY_TEAM: GroupBy.TEAM,
    pb.Grouping.BY_ROUTE: GroupBy.ROUTE,
}


class _Faults:
    """Violations found so far."""

    def __init__(self) -> None:
        self.found: list[FieldViolation] = []

    def add(self, field: str, description: str) -> None:
        self.found.append(FieldViolation(f"route.{field}", description))


def check(definition: pb.Route) -> None:
    """Raises:
    InvalidArgumentError: with a violation for each field that is wrong.
    """
    faults = _Faults()
    _check_sizes(definition, faults)
    for kind in definition.match.kinds:
        if kind not in KINDS:
            faults.add("match.kinds", f"no kind {kind[:64]!r}: use {', '.join(KINDS)}")
    if definition.match.min_severity not in pb.Severity.values():
        faults.add("match.min_severity", "one of SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL")
    for field, description in receivers.faults(definition.receivers):
        faults.add(field, description)
    for name, text in (("title", definition.template.title), ("body", definition.template.body)):
        try:
            template.parse(text)
        except template.TemplateError as error:
            faults.add(f"template.{name}", str(error))
    for index, hours in enumerate(definition.quiet_hours):
        _check_quiet(hours, f"quiet_hours[{index}]", faults)
    _check_digest(definition, faults)
    _check_grouping(definition, faults)
    if faults.found:
        listed = "; ".join(f"{v.field}: {v.description}" for v in faults.found)
        raise InvalidArgumentError(f"the route cannot be stored: {listed}", violations=faults.found)


def compiled(tenant_id: str, definition: pb.Route) -> Route:
    """The route of a definition that was checked."""
    match = definition.match
    return Route(
        receivers=tuple(receivers.compiled(definition)),
        tenants=frozenset({tenant_id}),
        kinds=frozenset(match.kinds),
        teams=frozenset(match.teams),
        min_severity=Severity(match.min_severity or pb.SEVERITY_INFO),
        labels=dict(match.labels),
        continues=definition.continue_matching,
        quiet_hours=tuple(_quiet(hours) for hours in definition.quiet_hours),
        digest=_digest(definition.digest) if definition.HasField("digest") else None,
        grouping=_grouping(definition.grouping) if definition.HasField("grouping") else None,
        title=_template(definition.template.title),
        body=_template(definition.template.body),
    )


def masked(current: pb.Route, wanted: pb.Route, paths: Sequence[str]) -> pb.Route:
    """`current` with the fields named by an update mask taken from `wanted`; no path, or `*`, names every field.

    Raises:
        InvalidArgumentError: a path that cannot be updated.
    """
    unknown = [path for path in paths if path != "*" and path.partition(".")[0] not in UPDATABLE]
    if unknown:
        raise InvalidArgumentError.of("update_mask", f"{unknown[0]!r} cannot be updated: use {', '.join(UPDATABLE)}")
    chosen = UPDATABLE if not paths or "*" in paths else paths
    result = pb.Route()
    result.CopyFrom(current)
    try:
        FieldMask(paths=chosen).MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    except ValueError as error:
        raise InvalidArgumentError.of("update_mask", str(error)) from None
    for name in ("template", "digest", "grouping"):
        # MergeMessage cannot take a message away.
        if name in chosen and not wanted.HasField(name):
            result.ClearField(name)
    return result


def check_id(route_id: str) -> str:
    """The id, if a new route may bear it.

    Raises:
        InvalidArgumentError
    """
    if not _ID.fullmatch(route_id):
        raise InvalidArgumentError.of(
            "route_id", "1 to 63 lower-case letters, digits and dashes; starts with a letter, does not end with a dash"
        )
    return route_id


def id_of(name: str, field: str = "name") -> str:
    """The id in a resource name.

    Raises:
        InvalidArgumentError: not of the form `alertRoutes/{route}`.
        NotFoundError: no route can bear this id.
    """
    if not name.startswith(NAME_PREFIX):
        raise InvalidArgumentError.of(field, f"must read {NAME_PREFIX}{{route}}, not {name[:80]!r}")
    route_id = name.removeprefix(NAME_PREFIX)
    if not _ID.fullmatch(route_id):
        raise NotFoundError(f"no route {name[:80]!r}")
    return route_id


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_sizes(definition: pb.Route, faults: _Faults) -> None:
    texts: Mapping[str, str] = {
        "display_name": definition.display_name,
        "template.title": definition.template.title,
        "template.body": definition.template.body,
    }
    for field, text in texts.items():
        if len(text) > _LIMITS[field]:
            faults.add(field, f"at most {_LIMITS[field]:,} characters, these are {len(text):,}")
    lists: Mapping[str, int] = {
        "match.kinds": len(definition.match.kinds),
        "match.teams": len(definition.match.teams),
        "match.labels": len(definition.match.labels),
        "quiet_hours": len(definition.quiet_hours),
    }
    for field, count in lists.items():
        if count > _MOST[field]:
            faults.add(field, f"at most {_MOST[field]}, these are {count}")


def _check_quiet(hours: pb.QuietHours, field: str, faults: _Faults) -> None:
    for name, text in (("start", hours.start), ("end", hours.end)):
        if not _TIME.fullmatch(text):
            faults.add(f"{field}.{name}", f"a local time such as 22:00, not {text[:20]!r}")
    if hours.start == hours.end:
        faults.add(f"{field}.end", "equals the start: the whole day would be quiet; disable the route instead")
    _check_zone(hours.time_zone, field, faults)
    _check_days(hours.days, f"{field}.days", faults)


def _check_digest(definition: pb.Route, faults: _Faults) -> None:
    if not definition.HasField("digest"):
        return
    digest = definition.digest
    if digest.cadence not in _CADENCES:
        faults.add("digest.cadence", "one of CADENCE_HOURLY, CADENCE_DAILY, CADENCE_WEEKLY")
    if digest.at and not _TIME.fullmatch(digest.at):
        faults.add("digest.at", f"a local time such as 09:00, not {digest.at[:20]!r}")
    if digest.day and digest.cadence != pb.Digest.CADENCE_WEEKLY:
        faults.add("digest.day", "only of a weekly digest")
    _check_days([digest.day] if digest.day else [], "digest.day", faults)
    _check_zone(digest.time_zone, "digest", faults)


def _check_grouping(definition: pb.Route, faults: _Faults) -> None:
    if not definition.HasField("grouping"):
        return
    if definition.HasField("digest"):
        faults.add("grouping", "a digest gathers everything already: set one of the two")
    if definition.grouping.by not in _GROUPS:
        faults.add("grouping.by", "one of BY_SUBJECT, BY_TEAM, BY_ROUTE")
    if not 1 <= definition.grouping.window_seconds <= 86_400:
        faults.add("grouping.window_seconds", "1 to 86,400 seconds")


def _check_zone(zone: str, field: str, faults: _Faults) -> None:
    if zone and zone not in _known_zones():
        faults.add(f"{field}.time_zone", f"no IANA time zone {zone[:64]!r}: use a name such as Europe/Berlin")


def _check_days(days: Iterable[int], field: str, faults: _Faults) -> None:
    if any(not 1 <= day <= 7 for day in days):
        faults.add(field, "DAY_OF_WEEK_MONDAY to DAY_OF_WEEK_SUNDAY")


def _quiet(hours: pb.QuietHours) -> QuietHours:
    return QuietHours(
        start=time.fromisoformat(hours.start),
        end=time.fromisoformat(hours.end),
        zone=ZoneInfo(hours.time_zone or "UTC"),
        days=frozenset(int(day) - 1 for day in hours.days) or EVERY_DAY,
        critical_passes=hours.critical_passes,
    )


def _digest(digest: pb.Digest) -> Digest:
    return Digest(
        cadence=_CADENCES[digest.cadence],
        at=time.fromisoformat(digest.at or "00:00"),
        zone=ZoneInfo(digest.time_zone or "UTC"),
        weekday=max(0, int(digest.day) - 1),
        critical_passes=digest.critical_passes,
    )


def _grouping(grouping: pb.Grouping) -> Grouping:
    return Grouping(_GROUPS[grouping.by], grouping.window_seconds * SECOND)


def _template(text: str) -> template.Template | None:
    return template.parse(text) if text else None
