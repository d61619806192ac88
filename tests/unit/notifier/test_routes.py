"""Routes as people define them: what is refused, what stays secret, what a test of them shows."""

from __future__ import annotations

import pytest
from finops.notification.v1 import notification_pb2 as pb

from services.common.errors import AbortedError, AlreadyExistsError, InvalidArgumentError, NotFoundError
from services.notifier.adapters.sealing import Sealer, SealError, derived
from services.notifier.domain.delivery import Attempt, Outcome
from services.notifier.handlers.trial import Trial
from tests.unit.notifier.samples import ADDRESSES
from tests.unit.notifier.world import Places, Process, World

HOOK = pb.Receiver(webhook=pb.Webhook(url="https://hooks.example.com/x?token=1", secret="s3cret"))
MAIL = pb.Receiver(email=pb.Email(addresses=["ann@example.com"]))


def route(*receivers: pb.Receiver, **fields: object) -> pb.Route:
    return pb.Route(receivers=receivers or (HOOK,), **fields)  # type: ignore[arg-type]


async def test_secrets_are_write_only_and_stay_where_an_update_leaves_them_out() -> None:
    world = World()
    definitions = Process(world).definitions
    created = await definitions.create("acme", route(HOOK, MAIL), "ops")
    assert [(r.id, r.summary) for r in created.receivers] == [
        ("webhook", "webhook, hooks.example.com, signed"), ("email", "e-mail to ann@example.com"),
    ]  # fmt: skip
    assert "token=1" not in str(created)
    assert "s3cret" not in str(created)
    created.display_name = "Ops"
    updated = await definitions.update("acme", created, [])
    complete = await definitions.complete("acme", "alertRoutes/ops")
    assert (complete.receivers[0].webhook.url, complete.receivers[0].webhook.secret) == (
        HOOK.webhook.url, "s3cret",
    )  # fmt: skip
    assert updated.etag != created.etag
    with pytest.raises(AbortedError):
        await definitions.update("acme", created, ["display_name"])
    with pytest.raises(AlreadyExistsError):
        await definitions.create("acme", route(), "ops")
    with pytest.raises(NotFoundError):
        await definitions.get("globex", "alertRoutes/ops")
    await definitions.delete("acme", "alertRoutes/ops", "")
    assert not world.routes["acme", "ops"].secrets


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (pb.Route(), "route.receivers"),
        (route(pb.Receiver()), "route.receivers[0]"),
        (route(pb.Receiver(slack=pb.Slack(webhook_url="ftp://x"))), "route.receivers[0].slack.webhook_url"),
        (route(pb.Receiver(pagerduty=pb.PagerDuty())), "route.receivers[0].pagerduty.routing_key"),
        (route(pb.Receiver(email=pb.Email(addresses=["ann"]))), "route.receivers[0].email.addresses"),
        (route(pb.Receiver(apprise=pb.Apprise(url="nonsense"))), "route.receivers[0].apprise.url"),
        (route(match=pb.Match(kinds=["gossip"])), "route.match.kinds"),
        (route(template=pb.Template(body="{{nonsense}}")), "route.template.body"),
        (route(quiet_hours=[pb.QuietHours(start="22", end="07:00")]), "route.quiet_hours[0].start"),
        (route(quiet_hours=[pb.QuietHours(start="22:00", end="22:00")]), "route.quiet_hours[0].end"),
        (route(digest=pb.Digest()), "route.digest.cadence"),
        (route(digest=pb.Digest(cadence=pb.Digest.CADENCE_DAILY, time_zone="Mars/Base")), "route.digest.time_zone"),
        (route(grouping=pb.Grouping(by=pb.Grouping.BY_TEAM)), "route.grouping.window_seconds"),
    ],
)
async def test_what_is_wrong_is_named(wrong: pb.Route, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await Process(World()).definitions.create("acme", wrong, "ops")
    assert field in [violation.field for violation in caught.value.violations]


async def test_a_test_tells_what_each_receiver_answered_and_ends_the_incident_it_opened() -> None:
    world = World()
    process = Process(world)
    pager = pb.Receiver(pagerduty=pb.PagerDuty(routing_key="k"))
    await process.definitions.create("acme", route(HOOK, pager), "ops")
    world.places["webhook, hooks.example.com, signed"].outcomes = [
        Attempt(Outcome.REJECTED, "HTTP 404", "HTTP 404 gone")
    ]
    trial = Trial(process.definitions, Places(world), ADDRESSES, world.clock)
    hook, paged = await trial.test("acme", "alertRoutes/ops", "", "ann")
    assert (hook.attempt.outcome, hook.answer) == (Outcome.REJECTED, "HTTP 404 gone")
    assert paged.attempt.outcome is Outcome.DELIVERED
    assert [letter.message.transition for letter in world.places["PagerDuty"].got] == ["fired", "resolved"]
    assert not world.deliveries
    with pytest.raises(NotFoundError):
        await trial.test("acme", "alertRoutes/ops", "nobody", "ann")


def test_sealed_texts_open_with_their_key_in_their_place_alone() -> None:
    old, new = derived("old secret", "routes"), derived("new secret", "routes")
    sealed = Sealer({"old": old}).seal("hush", "acme/ops")
    assert "hush" not in sealed
    assert Sealer({"new": new, "old": old}).open(sealed, "acme/ops") == "hush"
    for sealer, place in ((Sealer({"new": new}), "acme/ops"), (Sealer({"old": old}), "globex/ops")):
        with pytest.raises(SealError):
            sealer.open(sealed, place)
