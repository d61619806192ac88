"""Makes aiokafka survive a connection that uvloop closes under its hands.

Between a broker's death and the moment a connection notices it, a request may be written to a closed transport. The
transports of asyncio ignore that, and the connection's reader then fails; uvloop's raise RuntimeError. aiokafka expects
OSError alone: its task that keeps a client's metadata current ends with the RuntimeError, unseen, and the client,
whether it consumes or produces, waits for metadata for ever, also once the broker is back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_SENDING = ("send", "_send_sasl_token")


def told_as_connection_errors() -> None:
    """Closes a connection that cannot be written to, and says so as aiokafka's callers expect. May be called again."""
    for name in _SENDING:
        method = getattr(AIOKafkaConnection, name)
        if not hasattr(method, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _guarded(method))


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def guarded(self: AIOKafkaConnection, *arguments: Any, **options: Any) -> Any:
        try:
            return method(self, *arguments, **options)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"the connection to {self.host}:{self.port} is closed: {error}") from error

    return guarded
