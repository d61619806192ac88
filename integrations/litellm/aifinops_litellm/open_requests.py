"""The requests this worker has let through and has not seen the end of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OpenRequest:
    """A request and what is held for it."""

    request_id: str
    estimate_picos: int
    expires: float
    """On the clock that the caller uses."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """For its answer."""


class OpenRequests:
    """Each can be taken once, so that it is settled or released once however many callbacks tell of its end."""

    def __init__(self) -> None:
        self._open: dict[str, OpenRequest] = {}

    def add(self, request: OpenRequest, now: float) -> None:
        """Remembers it, and forgets those whose lease is over: all have the same lease, so the oldest come first."""
        self._open[request.request_id] = request
        while self._open:
            oldest = next(iter(self._open.values()))
            if oldest.expires > now:
                return
            del self._open[oldest.request_id]

    def get(self, request_id: str) -> OpenRequest | None:
        return self._open.get(request_id)

    def take(self, request_id: str) -> OpenRequest | None:
        """It, if nobody took it before."""
        return self._open.pop(request_id, None)

    def __len__(self) -> int:
        return len(self._open)
