"""How many bytes of requests are held at once, however they came: many slow senders must not fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.common.errors import UnavailableError


class Held:
    """The bytes of one request, counted as they arrive."""

    def __init__(self, all_requests: InFlight) -> None:
        self._all = all_requests
        self.size = 0

    def add(self, size: int) -> None:
        self.size += size
        self._all.size += size


class InFlight:
    """The bytes of all requests of this process that are being read or handled."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0

    @contextmanager
    def request(self) -> Iterator[Held]:
        """One request, from its first byte to its answer.

        Raises:
            UnavailableError: too much is held already; to be sent again.
        """
        if self.size > self._limit:
            raise UnavailableError("too many events are being handled: send again", retry_after_seconds=1)
        held = Held(self)
        try:
            yield held
        finally:
            self.size -= held.size
