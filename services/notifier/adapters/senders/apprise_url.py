"""Every other service, through Apprise (https://appriseit.com/services/)."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import apprise

from services.notifier.adapters.senders.guard import ForbiddenAddressError, Guard
from services.notifier.domain.delivery import Attempt, Outcome
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Severity

_TYPES = {
    Severity.INFO: apprise.NotifyType.INFO,
    Severity.WARNING: apprise.NotifyType.WARNING,
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
}
_OF_THIS_MACHINE = frozenset({"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})


class AppriseUrl:
    """Sends through one Apprise URL."""

    def __init__(self, guard: Guard, url: str, timeout_seconds: float) -> None:
        """Raises ValueError: Apprise cannot use the URL, or it is of the notifier's own machine."""
        asset = apprise.AppriseAsset(
            app_id="AI FinOps",
            app_desc="AI FinOps",
            app_url="",
            image_url_mask="",
            image_url_logo="",
            secure_logging=True,
        )
        self._apprise = apprise.Apprise(asset=asset)
        self._guard = guard
        self._url = url
        self._timeout = timeout_seconds
        scheme = url.partition("://")[0].lower()
        if scheme in _OF_THIS_MACHINE and not guard.allow_private:
            raise ValueError(f"{scheme}:// would tell the machine of the notifier: use another service")
        if not self._apprise.add(url):
            raise ValueError(
                "not a URL Apprise can use: see https://appriseit.com/services/ for how the service's reads"
            )

    async def send(self, letter: Letter) -> Attempt:
        try:
            async with asyncio.timeout(self._timeout):
                await self._check_host()
                delivered = await self._apprise.async_notify(
                    title=letter.title,
                    body=letter.text(),
                    notify_type=_TYPES[letter.severity],
                    body_format=apprise.NotifyFormat.TEXT,
                )
        except ForbiddenAddressError as error:
            return Attempt(Outcome.REJECTED, str(error))
        except TimeoutError:
            # Apprise's own thread goes on; the message may still arrive.
            return Attempt(Outcome.UNCERTAIN, "no answer in time")
        except Exception as error:
            # A plugin's exception may quote its URL: only its type is told.
            return Attempt(Outcome.UNCERTAIN, type(error).__name__)
        return Attempt(Outcome.DELIVERED) if delivered else Attempt(Outcome.REFUSED, "the service did not take it")

    async def _check_host(self) -> None:
        """Where the URL names a host; most services have their own, and hold a token in that place."""
        if self._guard.allow_private:
            return
        try:
            parts = urlsplit(self._url)
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            return
        if host:
            try:
                await self._guard.check(host, port)
            except OSError:
                return
