"""Alerts and their routes over REST, and the page behind a message's link."""

from __future__ import annotations

import httpx
import pytest

from services.common.clock import HOUR, format_rfc3339
from services.notifier.domain.links import Grant
from tests.e2e.console_backend import Running
from tests.e2e.console_peers.notifier import tell
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOOK = {"webhook": {"url": "https://hooks.example.com/x?token=1", "secret": "s3cret"}}


async def test_an_alert_is_listed_and_taken_care_of(running: Running, http: httpx.AsyncClient) -> None:
    message = await tell(running.world.notifier, "a1")
    viewer, editor = As(running, http), As(running, http, role="editor")
    listed = (await viewer.get("/alerts", state="firing"))["alerts"][0]
    assert (listed["id"], listed["kind"], listed["severity"]) == (
        message.alert_id, "budget.threshold_crossed", "warning",
    )  # fmt: skip
    path = f"/alerts/{listed['id']}"
    problem(await viewer("POST", f"{path}:acknowledge"), 403, "PERMISSION_DENIED")
    done = (await editor("POST", f"{path}:acknowledge", json={"comment": "on it"})).json()
    assert (done["state"], done["actor"]) == ("acknowledged", "acme editor")
    assert problem(await editor("POST", f"{path}:snooze", json={"until": "soon"}), 400, "INVALID_ARGUMENT") == ["until"]
    until = format_rfc3339(running.world.notifier.world.clock.now() + HOUR)
    assert (await editor("POST", f"{path}:snooze", json={"until": until})).json()["snooze_until"] == until
    assert (await editor("POST", f"{path}:resolve")).json()["state"] == "resolved"
    changes = (await viewer.get(path))["changes"]
    assert [change["transition"] for change in changes] == ["fired", "acknowledged", "snoozed", "resolved"]
    problem(await editor("POST", f"{path}:acknowledge"), 400, "FAILED_PRECONDITION")
    problem(await As(running, http, "globex")("GET", path), 404, "NOT_FOUND")
    assert (await As(running, http, "globex").get("/alerts"))["alerts"] == []


async def test_a_route_is_made_tried_changed_and_deleted(running: Running, http: httpx.AsyncClient) -> None:
    admin, viewer = As(running, http, role="admin"), As(running, http)
    body = {"id": "ops", "route": {"match": {"kinds": ["budget"]}, "receivers": [HOOK]}}
    problem(await As(running, http, role="editor")("POST", "/alert-routes", json=body), 403, "PERMISSION_DENIED")
    made = await admin("POST", "/alert-routes", json=body)
    assert made.status_code == 201, made.text
    assert "s3cret" not in made.text + str(await viewer.get("/alert-routes/ops"))
    [result] = (await admin("POST", "/alert-routes/ops:test")).json()["results"]
    assert (result["receiver"], result["delivered"]) == ("webhook", True)
    changed = await admin("PATCH", "/alert-routes/ops", json={"route": {"display_name": "Ops"}})
    route = changed.json()["route"]
    assert (route["display_name"], len(route["receivers"])) == ("Ops", 1)
    wrong = await admin("PATCH", "/alert-routes/ops", json={"route": {"match": {"kinds": ["gossip"]}}})
    assert problem(wrong, 400, "INVALID_ARGUMENT") == ["route.match.kinds"]
    unknown = await admin("PATCH", "/alert-routes/ops", json={"route": {"nonsense": 1}})
    assert problem(unknown, 400, "INVALID_ARGUMENT") == ["route"]
    assert (await admin("DELETE", "/alert-routes/ops")).status_code == 204
    problem(await viewer("GET", "/alert-routes/ops"), 404, "NOT_FOUND")


async def test_a_link_shows_the_alert_and_only_its_button_acts(running: Running, http: httpx.AsyncClient) -> None:
    message = await tell(running.world.notifier, "<b>a2")
    process = running.world.notifier
    expires = process.world.clock.now() + HOUR
    token = process.links.token(Grant("acme", message.alert_id, "chat", expires))
    page = await http.get("/alerts/act", params={"token": token})
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "Budget Search: 80% used" in page.text
    path = f"/alerts/{message.alert_id}"
    assert (await As(running, http).get(path))["state"] == "firing"
    done = await http.post("/alerts/act", data={"token": token, "action": "snooze", "hours": "8"})
    assert "Snoozed" in done.text
    assert (await As(running, http).get(path))["actor"] == "link to chat"
    assert (await http.post("/alerts/act", data={"token": token, "action": "explode"})).status_code == 400
    assert (await http.get("/alerts/act", params={"token": token + "x"})).status_code == 401
    assert (await http.get("/alerts/act")).status_code == 401
    direct = await As(running, http, role="admin")("GET", "/alerts", params={"state": "nonsense"})
    assert problem(direct, 400, "INVALID_ARGUMENT") == ["state"]
