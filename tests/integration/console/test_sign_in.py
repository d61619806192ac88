"""Signing in and out of the UI, and what its pages carry."""

from __future__ import annotations

import uuid

import httpx
import pytest

from services.common.settings import ClickHouseSettings
from services.console.web.sessions import COOKIE
from tests.e2e.console_backend import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_signing_in_and_out(running: Running) -> None:
    async with httpx.AsyncClient(base_url=running.url) as browser:
        page = await browser.get("/costs?range=7d")
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=/costs%3Frange%3D7d")
        wrong = await browser.post("/login", data={"key": "afk_nope", "next": "/"})
        assert wrong.status_code == 401
        assert "unknown or has been revoked" in wrong.text
        ingest = await browser.post("/login", data={"key": running.keys["acme"]["ingest"]})
        assert ingest.status_code == 403
        assert "A key of role ingest reads nothing" in ingest.text
        assert (await browser.post("/login", data={"key": running.keys["aifinops"]["service"]})).status_code == 403
        assert (await browser.post("/login", content=b"key=" + b"x" * 10_000)).status_code == 401
        assert COOKIE not in browser.cookies
        good = await browser.post("/login", data={"key": running.keys["acme"]["viewer"], "next": "/costs"})
        assert (good.status_code, good.headers["location"]) == (303, "/costs")
        cookie = good.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert running.keys["acme"]["viewer"] not in cookie
        assert (await browser.get("/budgets")).status_code == 200
        assert (await browser.get("/keys")).headers["location"] == "/", "for admins only"
        foreign = await browser.post("/logout", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert (await browser.get("/budgets")).status_code == 200
        assert (await browser.post("/logout")).headers["location"] == "/login"
        assert (await browser.get("/budgets")).status_code == 303


async def test_a_message_cannot_carry_markup_into_the_sign_in_page(running: Running, http: httpx.AsyncClient) -> None:
    answer = await http.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_ui_asks_nobody_else_for_anything(running: Running, http: httpx.AsyncClient) -> None:
    await http.post("/login", data={"key": running.keys["acme"]["admin"]})
    page = (await http.get("/")).text
    outside = [part for part in page.split('"') if part.startswith(("http://", "https://", "//"))]
    assert [part for part in outside if not part.startswith(("http://www.w3.org/", running.url))] == []


async def test_a_process_can_serve_one_console_after_another(clickhouse_url: str) -> None:
    for _ in range(2):
        console = Running(ClickHouseSettings(url=clickhouse_url, database=f"t{uuid.uuid4().hex[:10]}"))
        await console.start()
        async with httpx.AsyncClient(base_url=console.url) as browser:
            signed_in = await browser.post("/login", data={"key": console.keys["acme"]["viewer"]})
            assert signed_in.status_code == 303
            assert (await browser.get("/budgets")).status_code == 200
        await console.stop()
