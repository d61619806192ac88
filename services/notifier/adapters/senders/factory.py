"""From a receiver's definition to the way to it."""

from __future__ import annotations

from finops.notification.v1 import notification_pb2 as pb

from services.common.clock import Clock
from services.notifier.adapters.senders import opsgenie, pagerduty
from services.notifier.adapters.senders.apprise_url import AppriseUrl
from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.adapters.senders.mail import Mail
from services.notifier.adapters.senders.slack import Slack
from services.notifier.adapters.senders.teams import Teams
from services.notifier.adapters.senders.webhook import Webhook
from services.notifier.handlers.ports import Sender
from services.notifier.settings import NotifierOptions


class Senders:
    """Makes senders. Those of tenants' routes are kept out of private networks, unless the settings allow them."""

    def __init__(self, client: HttpClient, options: NotifierOptions, clock: Clock, guard: Guard) -> None:
        self._client = client
        self._options = options
        self._clock = clock
        self._guard = guard

    def of(self, receiver: pb.Receiver) -> Sender:
        """Raises ValueError: it cannot be used; says why, without its secrets."""
        client, guard, timeout = self._client, self._guard, self._options.send_timeout_seconds
        match receiver.WhichOneof("target"):
            case "slack":
                return Slack(client, guard, receiver.slack.webhook_url)
            case "teams":
                return Teams(client, guard, receiver.teams.webhook_url)
            case "email":
                return self._mail(tuple(receiver.email.addresses))
            case "pagerduty":
                address = pagerduty.EU if receiver.pagerduty.region == pb.REGION_EU else pagerduty.US
                return pagerduty.PagerDuty(client, guard, address, receiver.pagerduty.routing_key)
            case "opsgenie":
                address = opsgenie.EU if receiver.opsgenie.region == pb.REGION_EU else opsgenie.US
                return opsgenie.Opsgenie(client, guard, address, receiver.opsgenie.api_key)
            case "webhook":
                return Webhook(client, guard, self._clock, receiver.webhook.url, receiver.webhook.secret)
            case "apprise":
                return AppriseUrl(guard, receiver.apprise.url, timeout)
        raise ValueError("names no target")

    def _mail(self, addresses: tuple[str, ...]) -> Mail:
        if not self._options.smtp.host:
            raise ValueError("e-mail needs a mail server: set AIFINOPS_NOTIFIER__SMTP__HOST")
        return Mail(self._options.smtp, addresses, self._options.send_timeout_seconds, self._clock)
