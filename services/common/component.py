"""What a service is made of, and what a host runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from starlette.applications import Starlette
from starlette.routing import BaseRoute


@dataclass(frozen=True)
class Health:
    """Whether a part works. `ready`: can serve now. `alive`: a restart would not help."""

    ready: bool
    alive: bool = True
    detail: str = ""


@runtime_checkable
class Component(Protocol):
    """Something with a life: a consumer, a producer, a client, a periodic task.

    `start` returns once the part is on its way; it waits for what is away instead of failing, so that the order in
    which services and engines come up does not matter. `stop` drains.
    """

    name: str

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def health(self) -> Health: ...


@dataclass(frozen=True)
class GrpcService:
    """A servicer, how it is added to a server, and its full name for reflection and health."""

    full_name: str
    servicer: Any
    add_to_server: Callable[[Any, Any], None]


@dataclass(frozen=True)
class Service:
    """One service, wired: what `build(settings)` in every `app.py` returns."""

    name: str
    components: Sequence[Component] = ()
    """Started in this order, stopped in the reverse."""
    grpc: Sequence[GrpcService] = ()
    routes: Sequence[BaseRoute] = ()
    """HTTP routes at the root."""
    web: Starlette | None = None
    """An application that answers every path no route answers; at most one in a process."""
    migrations: Sequence[str] = field(default=())
    """Packages whose *.sql files make this service's tables."""
    prompt: bool = False
    """Its callers wait for it before they go on, so that pauses count for more than throughput."""
