"""Calls that another replica decides, handed on to it: once, under the same tenant, within the caller's deadline."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub

from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.grpc.client import Channel, call
from services.common.settings import GrpcSettings

FORWARDED = "x-aifinops-forwarded"
"""Metadata of a call that came from a replica: who does not decide it does not hand it on again."""

LONGEST_SECONDS = 10.0


class Peers:
    """The other replicas by address. A component."""

    def __init__(self, key: str) -> None:
        self.name = "budget peers"
        self._key = key
        self._channels: dict[str, Channel] = {}

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        await asyncio.gather(*(channel.stop() for channel in self._channels.values()))

    def health(self) -> Health:
        return Health(ready=True)

    async def ask(self, address: str, method: str, request: Any, tenant_id: str, context: Any) -> Any:
        """What the replica at an address answers.

        Raises:
            UnavailableError: it is away, or decides no more.
            ApiError: what it answered.
        """
        if was_forwarded(context):
            raise UnavailableError("this replica does not decide the tenant's reservations", retry_after_seconds=1)
        if address not in self._channels:
            self._channels[address] = Channel(address)
        stub: Any = BudgetServiceStub(self._channels[address].channel())
        try:
            return await call(
                getattr(stub, method),
                request,
                key=self._key,
                tenant_id=tenant_id,
                timeout_seconds=_remaining(context),
                more=[(FORWARDED, "1")],
            )
        except UnavailableError as error:
            raise UnavailableError(
                f"the replica that decides this tenant's reservations does not answer ({error.message}): try again",
                retry_after_seconds=1,
            ) from error


def own_address(settings: GrpcSettings) -> str:
    """host:port at which peers reach this process, as far as it can tell; empty: where the port is chosen at start."""
    if not settings.port:
        return ""
    host = settings.host
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared with
        host = socket.gethostbyname(socket.gethostname())
    return f"{host}:{settings.port}"


def was_forwarded(context: Any) -> bool:
    return any(name == FORWARDED for name, _ in context.invocation_metadata() or ())


def _remaining(context: Any) -> float:
    remaining = context.time_remaining()
    return LONGEST_SECONDS if remaining is None else max(0.0, min(LONGEST_SECONDS, remaining))
