"""The endpoints: one for each path in the table of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.common.auth import Access
from services.common.errors import (
    InvalidArgumentError,
    NotFoundError,
    PayloadTooLargeError,
    ResourceExhaustedError,
    UnprocessableError,
)
from services.common.http.problems import authenticate, json_response, problem
from services.common.keyring import KeyRing
from services.ingest.adapters import metrics
from services.ingest.adapters.http import payload
from services.ingest.adapters.http.body import read_body
from services.ingest.adapters.in_flight import InFlight
from services.ingest.domain.attribution import NOBODY, HeaderMap
from services.ingest.domain.rejection import Rejected
from services.ingest.domain.sources import CLOUDEVENTS, LITELLM, PROVIDERS, SOURCES, USAGE_PATH, Source
from services.ingest.handlers import Caller, Intake, Receipt

UNKNOWN_PROVIDER = f"{USAGE_PATH}{{provider}}"


@dataclass(frozen=True)
class RequestLimits:
    """How much a request may hold."""

    max_body_bytes: int
    max_litellm_body_bytes: int
    max_items: int


class Endpoints:
    """Turns requests into calls of the intake."""

    def __init__(
        self,
        intake: Intake,
        keyring: KeyRing,
        limits: RequestLimits,
        in_flight: InFlight,
        header_map: HeaderMap | None = None,
    ) -> None:
        self._intake = intake
        self._keyring = keyring
        self._limits = limits
        self._header_map = header_map or HeaderMap()
        self._in_flight = in_flight

    def routes(self) -> Sequence[Route]:
        """A POST route for each path, and one that names the providers to who asks for another."""
        plain = [source for source in SOURCES if source is not CLOUDEVENTS]
        return [
            *(Route(source.path, self._endpoint(source), methods=["POST"], name=source.name) for source in plain),
            Route(UNKNOWN_PROVIDER, self._unknown_provider, methods=["POST"], name="unknown_provider"),
        ]

    async def _unknown_provider(self, request: Request) -> Response:
        await authenticate(request, self._keyring, Access.WRITE_EVENTS)
        known = ", ".join(source.name for source in PROVIDERS)
        raise NotFoundError(
            f"no provider {request.path_params['provider']!r:.80}: use one of {known}; the last is for any server that "
            "answers as OpenAI does, and takes its name from the header X-Provider"
        )

    def _endpoint(self, source: Source) -> Callable[[Request], Awaitable[Response]]:
        enveloped = CLOUDEVENTS if CLOUDEVENTS.path == source.path else None
        limit = self._limits.max_litellm_body_bytes if source is LITELLM else self._limits.max_body_bytes

        needed = Access.EDIT if source.by_hand else Access.WRITE_EVENTS

        async def accept(request: Request) -> Response:
            principal = await authenticate(request, self._keyring, needed)
            with self._in_flight.request() as held:
                body = await read_body(request, limit, held)
                caller = Caller(principal.tenant_id, principal.key_id, principal.key_name)
                return await self._accept(body, _headers(request), source, enveloped, caller)

        return accept

    async def _accept(
        self, body: bytes, headers: Mapping[str, str], plain: Source, enveloped: Source | None, caller: Caller
    ) -> Response:
        found = payload.parse(body, headers, plain, enveloped)
        if len(found.items) > self._limits.max_items:
            raise PayloadTooLargeError(
                f"{len(found.items)} events in one request: send at most {self._limits.max_items}"
            )
        try:
            whose = self._header_map.read(headers) if found.source.attributed else NOBODY
        except Rejected as rejected:
            raise InvalidArgumentError.of(rejected.field, str(rejected).removeprefix(f"{rejected.field}: ")) from None
        try:
            receipt = await self._intake.take(found.source, found.items, caller, whose)
        except ResourceExhaustedError:
            metrics.RATE_LIMITED.inc()
            raise
        _measure(found.source, receipt)
        return _answer(receipt, empty=not found.items)


def _headers(request: Request) -> Mapping[str, str]:
    """By lower-case name. HTTP hands bytes on; senders write UTF-8."""
    headers: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        try:
            headers[name.decode("latin-1")] = value.decode()
        except UnicodeDecodeError:
            headers[name.decode("latin-1")] = value.decode("latin-1")
    return headers


def _measure(source: Source, receipt: Receipt) -> None:
    metrics.ACCEPTED.labels(source.name).inc(receipt.accepted)
    metrics.DROPPED_FIELDS.labels(source.name).inc(receipt.dropped_fields)
    metrics.OVERFLOWED_TAGS.labels(source.name).inc(receipt.overflowed_tags)
    for reason, count in Counter(refusal.rejected.reason for refusal in receipt.refusals).items():
        metrics.REJECTED.labels(source.name, reason.value).inc(count)


def _answer(receipt: Receipt, *, empty: bool) -> Response:
    content: dict[str, object] = {
        "accepted": receipt.accepted,
        "rejected": [
            {"index": refusal.index, "code": refusal.rejected.reason.value, "message": str(refusal.rejected)}
            for refusal in receipt.refusals
        ],
    }
    if receipt.accepted or not (receipt.refusals or empty):
        return json_response(content, 202)
    if empty:
        reason = "there is no event in the array: send at least one"
    else:
        reason = f"none of the {len(receipt.refusals)} events can be accepted: see `rejected`"
    return json_response(content | problem(UnprocessableError(reason)), UnprocessableError.http_status)
