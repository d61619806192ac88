"""The floor of bench/ingest: the same server, keys and body limits, but what it reads it forgets."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.common import log
from services.common.auth import Access
from services.common.component import Service
from services.common.host import Host, key_ring, run_loop, run_until_signal
from services.common.http.problems import authenticate, json_response
from services.common.settings import ServiceSettings, load
from services.ingest.adapters.http.body import read_body
from services.ingest.adapters.in_flight import InFlight

_LIMIT = 5 * 1024 * 1024


def main() -> None:
    """Serves until a signal."""
    settings = load(ServiceSettings)
    log.configure(settings.telemetry, "discard")

    async def serve() -> None:
        keyring = key_ring(settings)
        in_flight = InFlight(64 * _LIMIT)

        async def discard(request: Request) -> Response:
            await authenticate(request, keyring, Access.WRITE_EVENTS)
            with in_flight.request() as held:
                await read_body(request, _LIMIT, held)
            return json_response({"accepted": 0, "rejected": []}, 202)

        routes = [Route(path, discard, methods=["POST"]) for path in ("/v1/events", "/v1/traces")]
        await run_until_signal(Host("discard", settings, [Service("discard", [], routes=routes)], keyring))

    run_loop(serve())


if __name__ == "__main__":
    main()
