"""What a request that passes an Envoy would spend, and for whom."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from finops.budget.v1.budget_pb2 import SpendIntent
from finops.envoy.v3.external_auth_pb2 import AttributeContext

from services.budget.settings import ExtAuthzOptions
from services.common import money
from services.common.dimensions import TAG_PREFIX, is_dimension
from services.common.errors import InvalidArgumentError
from services.common.money import Picos

ESTIMATE = "estimate"
MODE = "mode"
"""Beside dimensions and tags, what a route's `context_extensions` may tell."""

_SCHEME = re.compile(r"(bearer|basic|apikey)\s+", re.IGNORECASE)


def intent_of(attributes: AttributeContext, options: ExtAuthzOptions) -> SpendIntent:
    """The spend a request stands for. What its route's configuration says wins over the client's certificate, and that
    over headers.

    Raises:
        InvalidArgumentError: a header or a context extension cannot be read; says which.
    """
    headers, route = attributes.request.http.headers, attributes.context_extensions
    dimensions = _of_headers(headers, options)
    if options.principal and attributes.source.principal:
        dimensions[options.principal] = attributes.source.principal
    for name, value in route.items():
        if is_dimension(name) and name != "tenant":
            dimensions[name] = value
        elif name not in (ESTIMATE, MODE):
            raise InvalidArgumentError.of(
                f"context_extensions[{name}]", "no dimension, no tag:<name>, no estimate or mode"
            )
    found = {name: value.strip() for name, value in dimensions.items() if value.strip()}
    return SpendIntent(dimensions=found, estimate=money.to_proto(_estimate(headers, route, options)))


def _of_headers(headers: Mapping[str, str], options: ExtAuthzOptions) -> dict[str, str]:
    found = _tags(headers.get(options.tags_header, ""), options.tags_header)
    secret = headers.get(options.credential_header, "") if options.credential_header else ""
    if secret:
        found["key"] = fingerprint(secret)
    found.update({dimension: headers[header] for header, dimension in options.headers.items() if headers.get(header)})
    return found


def fingerprint(credential: str) -> str:
    """SHA-256, in hexadecimal, of a credential without its scheme: names a secret without telling it. The same as
    LiteLLM's hash of a virtual key."""
    return hashlib.sha256(_SCHEME.sub("", credential.strip(), count=1).encode()).hexdigest()


def _tags(header: str, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        tag, equals, value = pair.partition("=")
        if not equals or not tag.strip():
            raise InvalidArgumentError.of(f"header {name}", f"{pair!r:.60} is no tag: write k=v,k=v")
        found[TAG_PREFIX + tag.strip()] = value.strip()
    return found


def _estimate(headers: Mapping[str, str], route: Mapping[str, str], options: ExtAuthzOptions) -> Picos:
    """A client may not lower what is held for it."""
    least = _dollars(route.get(ESTIMATE) or options.default_estimate, f"context_extensions[{ESTIMATE}]")
    told = headers.get(options.estimate_header) if options.estimate_header else None
    return max(least, _dollars(told, f"header {options.estimate_header}")) if told else least


def _dollars(text: str, field: str) -> Picos:
    try:
        return money.parse_dollars(text.strip())
    except ValueError as error:
        raise InvalidArgumentError.of(field, str(error)) from None
