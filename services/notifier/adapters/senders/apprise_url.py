"""Every other service, through Apprise (https://appriseit.com/services/)."""

from __future__ import annotations

import asyncio

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
_OF_THIS_MACHINE = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "vapid", "windows"}
)
"""Services that work with the screen, the log or the files of the machine they are called on."""


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
        self._timeout = timeout_seconds
        scheme = url.partition("://")[0].lower()
        if scheme in _OF_THIS_MACHINE and not guard.allow_private:
            raise ValueError(f"{scheme}:// would tell the machine of the notifier: use another service")
        if not self._apprise.add(url):
            raise ValueError(
                "not a URL Apprise can use: see https://appriseit.com/services/ for how the service's reads"
            )
        if len(self._apprise) != 1:
            raise ValueError("more than one URL: give each a receiver of its own")
        self._service = self._apprise[0]
        if _reads_a_file(self._service) and not guard.allow_private:
            raise ValueError("it names a file, which would be read where the notifier runs: leave that option out")
        # A redirect would lead past the check of the host; the URL's own option for it is not asked.
        self._service.redirects = False

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
        for attribute in ("host", "smtp_host"):
            host = getattr(self._service, attribute, None)
            if isinstance(host, str) and host:
                try:
                    await self._guard.check(host.strip("[]"), self._service.port or 443)
                except OSError:
                    continue


def _reads_a_file(service: apprise.NotifyBase) -> bool:
    """Whether an option of the service (a template, a key) is a file or an address that Apprise would read."""
    held = list(vars(service).values())
    held += [inner for part in held if hasattr(part, "__dict__") for inner in vars(part).values()]
    return any(isinstance(part, apprise.AppriseAttachment) and len(part) > 0 for part in held)
