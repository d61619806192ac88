"""Arbitrary bytes as bodies of every ingest endpoint: read, or refused with a reason, and nothing else happens.

    python -m tests.fuzz.ingest -max_total_time=60 [CORPUS]

The first byte chooses the source, the second the content type; the rest is the body.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["services.ingest"]):
    from services.common.errors import ApiError
    from services.ingest.adapters.http import payload
    from services.ingest.domain.context import Context
    from services.ingest.domain.identity import seal
    from services.ingest.domain.rejection import Rejected
    from services.ingest.domain.sources import CLOUDEVENTS, SOURCES
    from services.ingest.domain.times import TimeWindow

NOW = 1_795_435_200_000_000
CONTENT_TYPES = ("application/json", "application/x-ndjson", payload.CLOUDEVENT, payload.CLOUDEVENTS_BATCH, "")


def take(data: bytes) -> None:
    """One request."""
    if len(data) < 2:
        return
    plain = SOURCES[data[0] % len(SOURCES)]
    headers = {"content-type": CONTENT_TYPES[data[1] % len(CONTENT_TYPES)]}
    enveloped = CLOUDEVENTS if CLOUDEVENTS.path == plain.path else None
    try:
        found = payload.parse(data[2:], headers, plain, enveloped)
    except ApiError:
        return
    context = Context("acme", NOW, TimeWindow.at(NOW, max_age_days=400, max_ahead_seconds=300))
    for item in found.items:
        try:
            if not isinstance(item, Rejected):
                seal(found.source.decode(item, context), NOW)
        except Rejected as rejected:
            assert str(rejected)


if __name__ == "__main__":
    atheris.Setup(sys.argv, take)
    atheris.Fuzz()
