"""Slack, e-mail, PagerDuty and the rest, through Apprise."""

from __future__ import annotations

import asyncio

import apprise

from services.notifier.adapters import payload
from services.notifier.domain.delivery import Attempt, Notification, Outcome
from services.notifier.domain.message import Severity

_TYPES = {
    Severity.INFO: apprise.NotifyType.INFO,
    Severity.WARNING: apprise.NotifyType.WARNING,
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
}


class UnusableDestinationError(ValueError):
    """Apprise does not know what to do with a destination's URL. The URL itself is not told."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"AIFINOPS_NOTIFIER__DESTINATIONS: the url of {name!r} is not one Apprise can use; "
            "see https://appriseit.com/services/ for how the service's URL reads"
        )


class AppriseSender:
    """Sends through one Apprise URL."""

    def __init__(self, name: str, url: str, console_url: str, timeout_seconds: float) -> None:
        """Raises UnusableDestinationError."""
        asset = apprise.AppriseAsset(
            app_id="AI FinOps",
            app_desc="AI FinOps",
            app_url=console_url,
            image_url_mask="",
            image_url_logo="",
            secure_logging=True,
        )
        self._apprise = apprise.Apprise(asset=asset)
        self._console_url = console_url
        self._timeout = timeout_seconds
        if not self._apprise.add(url):
            raise UnusableDestinationError(name)

    async def send(self, notification: Notification) -> Attempt:
        message = notification.message
        try:
            async with asyncio.timeout(self._timeout):
                delivered = await self._apprise.async_notify(
                    title=message.title,
                    body=payload.text(message, self._console_url),
                    notify_type=_TYPES[message.severity],
                    body_format=apprise.NotifyFormat.TEXT,
                )
        except TimeoutError:
            # Apprise's own thread goes on; the message may still arrive.
            return Attempt(Outcome.UNCERTAIN, "no answer in time")
        except Exception as error:
            # A plugin's exception may quote its URL: only its type is told.
            return Attempt(Outcome.UNCERTAIN, type(error).__name__)
        return Attempt(Outcome.DELIVERED) if delivered else Attempt(Outcome.REFUSED, "the service did not take it")
