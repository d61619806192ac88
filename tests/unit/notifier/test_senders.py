"""What goes over the wire to each kind of receiver, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from finops.notification.v1 import notification_pb2 as pb
from pydantic import SecretStr

from services.common.clock import ManualClock
from services.notifier.adapters.senders import opsgenie, pagerduty, slack, teams
from services.notifier.adapters.senders.apprise_url import AppriseUrl
from services.notifier.adapters.senders.factory import Senders
from services.notifier.adapters.senders.guard import ForbiddenAddressError, Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.adapters.senders.mail import Mail, message_of
from services.notifier.domain import budgets
from services.notifier.domain.delivery import Outcome
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Transition
from services.notifier.settings import NotifierOptions, SmtpOptions
from tests.integration.receivers import http_receiver, mail_receiver
from tests.unit.notifier.samples import NOW, budget_alert, letter_of

CLOCK = ManualClock(NOW)
ANYWHERE = Guard(allow_private=True)
SMTP = SmtpOptions(host="127.0.0.1", security="none", sender="finops@example.com")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(5, CLOCK)
    yield client
    await client.stop()


def letter(transition: Transition = Transition.FIRED, name: str = "Search") -> Letter:
    alert = budget_alert(percent=100)
    alert.budget.display_name = name
    message = budgets.message(alert)
    assert message is not None
    return letter_of(replace(message, transition=transition))


def senders(client: HttpClient, guard: Guard = ANYWHERE, **options: Any) -> Senders:
    return Senders(client, NotifierOptions(smtp=SMTP, send_timeout_seconds=5, **options), CLOCK, guard)


def test_slack_shows_text_as_text_within_its_limits() -> None:
    payload = slack.payload(letter(name="<!channel> & " + "x" * 400))
    header, section, actions = payload["blocks"]
    assert len(header["text"]["text"]) == slack.HEADER_LIMIT
    assert "<!channel>" not in payload["text"]
    assert "&lt;!channel&gt; &amp; " in payload["text"]
    assert len(section["text"]["text"]) <= slack.SECTION_LIMIT
    assert [button["url"] for button in actions["elements"]] == [
        "https://finops.example.com/budgets", "https://finops.example.com/alerts/act?token=ops",
    ]  # fmt: skip


def test_teams_gets_one_adaptive_card() -> None:
    [attachment] = teams.payload(letter())["attachments"]
    card = attachment["content"]
    assert (attachment["contentType"], card["type"]) == ("application/vnd.microsoft.card.adaptive", "AdaptiveCard")
    assert card["body"][0]["text"] == "Budget Search: 100% used"
    assert {action["type"] for action in card["actions"]} == {"Action.OpenUrl"}


def test_an_incident_has_one_key_from_trigger_to_resolve() -> None:
    fired, acknowledged, resolved = (
        pagerduty.payload(letter(transition), "key")
        for transition in (Transition.FIRED, Transition.ACKNOWLEDGED, Transition.RESOLVED)
    )
    assert [e["event_action"] for e in (fired, acknowledged, resolved)] == ["trigger", "acknowledge", "resolve"]
    assert fired["dedup_key"] == acknowledged["dedup_key"] == resolved["dedup_key"]
    assert (fired["payload"]["severity"], fired["payload"]["source"]) == ("critical", "budgets/search")
    assert "payload" not in resolved


async def test_opsgenie_creates_and_closes_by_alias(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async with http_receiver(202, 202) as server:
        monkeypatch.setattr(opsgenie, "US", server.url)
        sender = senders(client).of(pb.Receiver(opsgenie=pb.Opsgenie(api_key="k")))
        for transition in (Transition.FIRED, Transition.RESOLVED):
            assert (await sender.send(letter(transition))).outcome is Outcome.DELIVERED
    created, closed = server.requests
    assert created.headers["authorization"] == "GenieKey k"
    alias = json.loads(created.body)["alias"]
    assert (created.path, closed.path) == ("/v2/alerts", f"/v2/alerts/{alias}/close?identifierType=alias")


async def test_pagerduty_is_posted_to_its_queue(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async with http_receiver(202) as server:
        monkeypatch.setattr(pagerduty, "EU", server.url)
        receiver = pb.Receiver(pagerduty=pb.PagerDuty(routing_key="k", region=pb.REGION_EU))
        assert (await senders(client).of(receiver).send(letter())).outcome is Outcome.DELIVERED
    assert server.requests[0].path == "/v2/enqueue"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Outcome.DELIVERED), (503, Outcome.REFUSED), (404, Outcome.REJECTED), (502, Outcome.UNCERTAIN)],
)
async def test_an_answer_says_whether_it_arrived(client: HttpClient, status: int, outcome: Outcome) -> None:
    async with http_receiver(status) as server:
        sender = senders(client).of(pb.Receiver(slack=pb.Slack(webhook_url=f"{server.url}/T/secret")))
        attempt = await sender.send(letter())
    assert attempt.outcome is outcome
    assert "secret" not in attempt.detail + attempt.answer


async def test_a_receiver_that_is_not_there_is_asked_again(client: HttpClient) -> None:
    async with http_receiver() as server:
        url = server.url
    attempt = await senders(client).of(pb.Receiver(webhook=pb.Webhook(url=url))).send(letter())
    assert attempt.outcome is Outcome.REFUSED


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "localhost"])
async def test_tenants_receivers_stay_out_of_private_networks(client: HttpClient, host: str) -> None:
    guarded = senders(client, Guard(allow_private=False))
    for receiver in (
        pb.Receiver(webhook=pb.Webhook(url=f"http://{host}:9/x")),
        pb.Receiver(apprise=pb.Apprise(url=f"json://{host}:9/x")),
    ):
        attempt = await guarded.of(receiver).send(letter())
        assert (attempt.outcome, "private network" in attempt.detail) == (Outcome.REJECTED, True)


async def test_a_public_address_is_allowed() -> None:
    assert await Guard(allow_private=False).check("1.1.1.1", 443) == "1.1.1.1"
    assert await Guard(allow_private=False).check("::ffff:1.1.1.1", 443) == "::ffff:1.1.1.1"
    for private in ("192.168.0.1", "::ffff:10.0.0.1", "0.0.0.0", "64:ff9b::a9fe:a9fe", "2002:a00:1::", "::127.0.0.1"):
        with pytest.raises(ForbiddenAddressError):
            await Guard(allow_private=False).check(private, 443)


async def test_mail_arrives_as_one_conversation_with_the_same_id_at_each_attempt() -> None:
    async with mail_receiver() as server:
        smtp = SMTP.model_copy(update={"port": server.port, "username": "u", "password": SecretStr("p")})
        mail = Mail(smtp, ("ann@example.com", "bob@example.com"), 5, CLOCK)
        assert (await mail.send(letter())).outcome is Outcome.DELIVERED
        assert (await mail.send(letter(Transition.RESOLVED))).outcome is Outcome.DELIVERED
    first, second = server.mails
    assert (first["to"], first["subject"]) == ("ann@example.com, bob@example.com", "Budget Search: 100% used")
    assert first["references"] == second["references"]
    assert "https://finops.example.com/alerts/act?token=ops" in first.get_content()
    assert message_of(letter(), "a@b.co", ("c@d.co",))["Message-ID"] == f"<{letter().key}@b.co>"


async def test_a_mail_server_that_is_away_is_asked_again_and_none_is_a_refusal(client: HttpClient) -> None:
    async with mail_receiver() as server:
        port = server.port
    mail = Mail(SMTP.model_copy(update={"port": port}), ("ann@example.com",), 5, CLOCK)
    assert (await mail.send(letter())).outcome is Outcome.REFUSED
    nowhere = Senders(client, NotifierOptions(), CLOCK, ANYWHERE)
    with pytest.raises(ValueError, match="AIFINOPS_NOTIFIER__SMTP__HOST"):
        nowhere.of(pb.Receiver(email=pb.Email(addresses=["ann@example.com"])))


async def test_apprise_speaks_to_the_rest() -> None:
    async with http_receiver(200, 500) as server:
        sender = AppriseUrl(ANYWHERE, f"json://127.0.0.1:{server.port}/in", 5)
        assert (await sender.send(letter())).outcome is Outcome.DELIVERED
        assert (await sender.send(letter())).outcome is Outcome.REFUSED
    assert json.loads(server.requests[0].body)["title"] == "Budget Search: 100% used"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("json://example.com/a,json://127.0.0.1/b", "more than one URL"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/hostname", "names a file"),
        ("fcm://project/topic?keyfile=/etc/hostname", "names a file"),
        ("vapid://ann@example.com/bob@example.com", "machine of the notifier"),
    ],
)
def test_a_tenants_apprise_url_is_one_service_that_reads_no_file(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AppriseUrl(Guard(allow_private=False), url, 5)


async def test_a_tenants_mail_server_stays_out_of_private_networks() -> None:
    guarded = AppriseUrl(Guard(allow_private=False), "mailto://u:p@example.com?smtp=127.0.0.1&to=a@b.co", 5)
    attempt = await guarded.send(letter())
    assert (attempt.outcome, attempt.detail) == (Outcome.REJECTED, "127.0.0.1 leads into a private network")


async def test_apprise_follows_no_redirect_past_the_check() -> None:
    async with http_receiver() as hidden, http_receiver(307) as server:
        server.location = hidden.url
        sender = AppriseUrl(ANYWHERE, f"json://127.0.0.1:{server.port}/in?redirect=yes", 5)
        assert (await sender.send(letter())).outcome is Outcome.REFUSED
    assert (len(server.requests), len(hidden.requests)) == (1, 0)


async def test_a_mail_stays_delivered_whatever_the_server_says_to_the_farewell() -> None:
    async with mail_receiver() as server:
        server.farewell = "421 too busy"
        mail = Mail(SMTP.model_copy(update={"port": server.port}), ("ann@example.com",), 5, CLOCK)
        assert (await mail.send(letter())).outcome is Outcome.DELIVERED
    assert len(server.mails) == 1
