"""Calling one of the services with the machine's keys, as a command does."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import grpc

from services.allinone.commands.common import WRONG_USAGE, fail, run, settings_of
from services.common.errors import ApiError
from services.common.grpc.client import Channel, call, metadata, to_api_error
from services.common.settings import PeerSettings

Result = TypeVar("Result")


class Caller:
    """Calls a service with a key, for a tenant."""

    def __init__(self, stub: Any, key: str, tenant: str) -> None:
        self.stub = stub
        self._key = key
        self._tenant = tenant

    async def __call__(self, method: Callable[..., Awaitable[Result]], request: Any) -> Result:
        """The answer. An ApiError's message tells every field that is wrong."""
        try:
            return await call(method, request, key=self._key, tenant_id=self._tenant, timeout_seconds=60)
        except ApiError as error:
            raise _in_full(error) from error

    async def stream(self, method: Callable[..., AsyncIterable[Result]], request: Any) -> AsyncIterator[Result]:
        """The answers, however long they take. Raises as a call does."""
        try:
            async for answer in method(request, metadata=metadata(self._key, self._tenant)):
                yield answer
        except grpc.aio.AioRpcError as error:
            raise _in_full(to_api_error(error)) from error


def _in_full(error: ApiError) -> ApiError:
    faults = [f"{fault.field}: {fault.description}" for fault in error.violations]
    untold = [fault for fault in faults if fault not in error.message]
    return type(error)("; ".join([error.message, *untold]))


def called(
    data: Path | None,
    tenant: str,
    peer: Callable[[PeerSettings], str],
    stub: Callable[[grpc.aio.Channel], Any],
    ask: Callable[[Caller], Awaitable[Result]],
) -> Result:
    """What `ask` makes of the answers. Ends the process where there is no key, or a call fails.

    Args:
        data: folder of a running `aifinops up`; None: settings of the environment.
        tenant: whose, with the service key; empty: the admin key's.
        peer: picks the service's address.
        stub: makes the service's stub.
        ask: does the calls.
    """
    settings = settings_of(data)
    kept = settings.auth.service_key if tenant else settings.auth.admin_key
    key = kept.get_secret_value()
    if not key:
        fail("no admin key: set AIFINOPS_AUTH__ADMIN_KEY, or say --tenant for the service key", WRONG_USAGE)

    async def work() -> Result:
        channel = Channel(peer(settings.peers))
        try:
            return await ask(Caller(stub(channel.channel()), key, tenant))
        finally:
            await channel.stop()

    return run(work())
