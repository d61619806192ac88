"""One page load of one signed-in person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nicegui import ui
from starlette.requests import Request

from services.common.auth import Access, Principal
from services.common.clock import Micros
from services.common.errors import ApiError, PermissionDeniedError, UnauthenticatedError
from services.console.console import Console
from services.console.handlers.peers import Caller, Peers
from services.console.web.sessions import COOKIE

SIGN_IN_AGAIN = "/login?ended"


@dataclass(frozen=True)
class Visit:
    """Who looks, at what, and through which console."""

    console: Console
    request: Request
    principal: Principal

    @property
    def caller(self) -> Caller:
        """The signed-in key.

        Raises:
            UnauthenticatedError: signed out meanwhile, perhaps in another tab.
        """
        key = self.console.sessions.key_of(self.request.cookies.get(COOKIE, ""))
        if key is None:
            raise UnauthenticatedError("the session has ended")
        return Caller(key, self.principal)

    @property
    def peers(self) -> Peers:
        return self.console.peers

    @property
    def time_zone(self) -> ZoneInfo:
        return self.console.time_zone

    @property
    def ingest_url(self) -> str:
        """Where events are sent, as the person's machine reaches it."""
        return self.console.options.ingest_url.rstrip("/") or str(self.request.base_url).rstrip("/")

    def now(self) -> Micros:
        return self.console.clock.now()

    def may(self, access: Access) -> bool:
        """Whether to offer something; the services that do it check again."""
        try:
            self.principal.require(access)
        except PermissionDeniedError:
            return False
        return True

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Around what a person asked for: a refusal is shown, an ended session leads to signing in."""
        try:
            yield
        except UnauthenticatedError:
            ui.navigate.to(SIGN_IN_AGAIN)
        except ApiError as error:
            ui.notify(error.message, type="negative", position="top", timeout=8_000)


async def arrive(console: Console, request: Request) -> Visit | None:
    """The visit of a request; None for somebody who has to sign in first."""
    key = console.sessions.key_of(request.cookies.get(COOKIE, ""))
    if key is None:
        return None
    try:
        principal = await console.keyring.authenticate(f"Bearer {key}")
        principal.require(Access.READ)
    except (UnauthenticatedError, PermissionDeniedError):
        return None
    return Visit(console, request, principal)
