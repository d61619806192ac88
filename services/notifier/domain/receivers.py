"""Receivers of routes: what they need, and which of it is secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from finops.notification.v1 import notification_pb2 as pb

from services.notifier.domain.routing import Receiver, Target

MAX_RECEIVERS = 20
MAX_ADDRESSES = 50
MAX_SECRET = 2_000

Secrets = Mapping[str, Mapping[str, str]]
"""Secret fields of each receiver, by its id."""

SECRET_FIELDS: Mapping[str, tuple[str, ...]] = {
    "slack": ("webhook_url",),
    "teams": ("webhook_url",),
    "email": (),
    "pagerduty": ("routing_key",),
    "opsgenie": ("api_key",),
    "webhook": ("url", "secret"),
    "apprise": ("url",),
}
_OPTIONAL = frozenset({"secret"})
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_ADDRESS = re.compile(r"[^@\s<>,;:\"\x00-\x20]+@[^@\s<>,;:\"\x00-\x20]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def with_ids(definition: pb.Route) -> pb.Route:
    """The definition, with an id for each receiver that has none: its kind, and a number where that is taken."""
    result = pb.Route()
    result.CopyFrom(definition)
    taken = {receiver.id for receiver in result.receivers}
    for receiver in result.receivers:
        if not receiver.id and (kind := receiver.WhichOneof("target")):
            number = 1
            while (candidate := kind if number == 1 else f"{kind}-{number}") in taken:
                number += 1
            receiver.id = candidate
            taken.add(candidate)
    return result


def split(definition: pb.Route) -> tuple[pb.Route, dict[str, dict[str, str]]]:
    """The definition without secrets and with summaries, and the secrets."""
    public = pb.Route()
    public.CopyFrom(definition)
    secrets: dict[str, dict[str, str]] = {}
    for receiver in public.receivers:
        receiver.summary = summary(receiver)
        kind = receiver.WhichOneof("target") or ""
        target = getattr(receiver, kind)
        secrets[receiver.id] = {name: getattr(target, name) for name in SECRET_FIELDS[kind] if getattr(target, name)}
        for name in SECRET_FIELDS[kind]:
            target.ClearField(name)
    return public, secrets


def joined(public: pb.Route, secrets: Secrets) -> pb.Route:
    """The definition with its secrets; those it brings itself win."""
    result = pb.Route()
    result.CopyFrom(public)
    for receiver in result.receivers:
        kind = receiver.WhichOneof("target") or ""
        known = secrets.get(receiver.id, {})
        for name in SECRET_FIELDS.get(kind, ()):
            target = getattr(receiver, kind)
            if not getattr(target, name) and name in known:
                setattr(target, name, known[name])
    return result


def kept(wanted: pb.Route, before: pb.Route, secrets: Secrets) -> pb.Route:
    """`wanted` with the secrets it leaves out, of receivers that were of the same kind before."""
    kinds = {receiver.id: receiver.WhichOneof("target") for receiver in before.receivers}
    same = {r.id for r in wanted.receivers if r.id and kinds.get(r.id) == r.WhichOneof("target")}
    return joined(wanted, {name: values for name, values in secrets.items() if name in same})


def faults(receivers: Iterable[pb.Receiver]) -> Iterator[tuple[str, str]]:
    """What is wrong with receivers that have their secrets: field and description."""
    listed = list(receivers)
    if not 1 <= len(listed) <= MAX_RECEIVERS:
        yield "receivers", f"1 to {MAX_RECEIVERS}, these are {len(listed)}"
    seen: set[str] = set()
    for index, receiver in enumerate(listed):
        field = f"receivers[{index}]"
        kind = receiver.WhichOneof("target")
        if kind is None:
            yield field, f"names no target: set one of {', '.join(Target)}"
            continue
        if not _ID.fullmatch(receiver.id):
            yield f"{field}.id", "1 to 40 lower-case letters, digits and dashes"
        if receiver.id in seen:
            yield f"{field}.id", f"{receiver.id!r} is taken by another receiver of the route"
        seen.add(receiver.id)
        yield from ((f"{field}.{kind}.{name}", description) for name, description in _target_faults(receiver, kind))


def compiled(definition: pb.Route) -> Iterator[Receiver]:
    """Its receivers, under the names of their places."""
    for receiver in definition.receivers:
        yield Receiver(f"{definition.name}/{receiver.id}", Target(receiver.WhichOneof("target") or ""))


def summary(receiver: pb.Receiver) -> str:
    """Where it goes, without secrets."""
    match receiver.WhichOneof("target"):
        case "slack":
            return f"Slack, {_host(receiver.slack.webhook_url)}"
        case "teams":
            return f"Teams, {_host(receiver.teams.webhook_url)}"
        case "email":
            return f"e-mail to {', '.join(receiver.email.addresses)}"
        case "pagerduty":
            return f"PagerDuty{_region(receiver.pagerduty.region)}"
        case "opsgenie":
            return f"Opsgenie{_region(receiver.opsgenie.region)}"
        case "webhook":
            signed = "signed" if receiver.webhook.secret else "unsigned"
            return f"webhook, {_host(receiver.webhook.url)}, {signed}"
        case _:
            return f"Apprise, {receiver.apprise.url.partition('://')[0].lower()}"


def _target_faults(receiver: pb.Receiver, kind: str) -> Iterator[tuple[str, str]]:
    target = getattr(receiver, kind)
    for name in SECRET_FIELDS[kind]:
        value = getattr(target, name)
        if not value and name not in _OPTIONAL:
            yield name, "must not be empty"
        elif len(value) > MAX_SECRET:
            yield name, f"at most {MAX_SECRET:,} characters"
        elif not value.isprintable():
            yield name, "must not hold control characters"
        elif value and name in ("webhook_url", "url") and kind != "apprise" and not _is_http(value):
            yield name, "must read https://host/..."
        elif kind == "apprise" and not _SCHEME.fullmatch(value):
            yield name, "must read scheme://..., see https://appriseit.com/services/"
    if kind == "email":
        yield from _address_faults(receiver.email.addresses)


def _address_faults(addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    listed = list(addresses)
    if not 1 <= len(listed) <= MAX_ADDRESSES:
        yield "addresses", f"1 to {MAX_ADDRESSES}, these are {len(listed)}"
    for address in listed:
        if len(address) > 254 or not _ADDRESS.fullmatch(address):
            yield "addresses", f"{address[:80]!r} is no e-mail address"


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _region(region: int) -> str:
    return ", EU" if region == pb.REGION_EU else ""
