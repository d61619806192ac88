"""Labels, precision and planned windows over REST."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_label_is_given_shown_counted_and_taken_back(running: Running, http: httpx.AsyncClient) -> None:
    viewer, editor = As(running, http), As(running, http, role="editor")
    assert (await viewer.get("/anomalies/a3"))["label"] is None
    body = {"verdict": "false", "note": "their holiday"}
    problem(await viewer("POST", "/anomalies/a3:label", json=body), 403, "PERMISSION_DENIED")
    problem(await editor("POST", "/anomalies/nope:label", json=body), 404, "NOT_FOUND")
    problem(await editor("POST", "/anomalies/a3:label", json={"verdict": "maybe"}), 400, "INVALID_ARGUMENT")
    said = (await editor("POST", "/anomalies/a3:label", json=body)).json()["label"]
    assert (said["verdict"], said["note"], said["author"]) == ("false", "their holiday", "acme editor")
    assert (await viewer.get("/anomalies/a3"))["label"] == said
    counted = {each["channel"]: each for each in (await viewer.get("/anomalies:precision"))["channels"]}
    assert (counted["silence"]["false_alarms"], counted["silence"]["precision"]) == (1, 0.0)
    assert counted["cost"]["precision"] is None
    problem(await viewer("GET", "/anomalies:precision", params={"start": "yesterday"}), 400, "INVALID_ARGUMENT")
    back = await editor("POST", "/anomalies/a3:label", json={"verdict": "none"})
    assert back.json()["label"] is None


async def test_a_window_is_announced_listed_and_taken_back(running: Running, http: httpx.AsyncClient) -> None:
    viewer, editor = As(running, http), As(running, http, role="editor")
    body = {
        "series": {"team": "search"}, "start_time": "2030-01-01T08:00:00Z", "end_time": "2030-01-01T18:00:00Z",
        "reason": "load test",
    }  # fmt: skip
    problem(await viewer("POST", "/planned-windows", json=body), 403, "PERMISSION_DENIED")
    problem(await editor("POST", "/planned-windows", json=body | {"end_time": "soon"}), 400, "INVALID_ARGUMENT")
    made = await editor("POST", "/planned-windows", json=body)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert {name: shown[name] for name in body} == body
    assert shown["author"] == "acme editor"
    assert [w["id"] for w in (await viewer.get("/planned-windows"))["planned_windows"]] == [shown["id"]]
    assert not (await As(running, http, "globex").get("/planned-windows"))["planned_windows"]
    problem(await viewer("DELETE", f"/planned-windows/{shown['id']}"), 403, "PERMISSION_DENIED")
    assert (await editor("DELETE", f"/planned-windows/{shown['id']}")).status_code == 204
    problem(await editor("DELETE", f"/planned-windows/{shown['id']}"), 404, "NOT_FOUND")
