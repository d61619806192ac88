"""Signing in and out, keys, and what a viewer is offered."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser.tab import Served, Tab, tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_a_wrong_key_is_told_clearly(browser: Browser, served: Served) -> None:
    page = browser.new_page()
    page.goto(f"{served.url}/budgets")
    page.get_by_label("API key").fill("afk_000000000000_" + "x" * 43)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("unknown or has been revoked")
    page.get_by_label("API key").fill(served.keys["acme"]["viewer"])
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Budgets")
    assert page.evaluate("document.cookie").count("session") == 0, "scripts cannot read the session"
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    page.goto(f"{served.url}/budgets")
    expect(page.locator("h1")).to_have_text("Sign in")
    page.close()


def test_an_ended_session_leads_to_signing_in(browser: Browser, served: Served) -> None:
    opened = tab(browser, served)
    page = opened.open("/budgets")
    with page.context.new_page() as other:
        other.goto(f"{served.url}/")
        other.get_by_role("button", name="Sign out").click()
        expect(other.locator("h1")).to_have_text("Sign in")
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.get_by_role("alert")).to_contain_text("session has ended")
    page.context.close()


def test_a_key_is_made_shown_once_and_revoked(admin: Tab) -> None:
    page = admin.open("/keys")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name: who or what will hold it").fill("browser robot")
    dialog.get_by_role("button", name="Create key").click()
    expect(dialog.locator("pre")).to_contain_text("afk_")
    made = dialog.locator("pre").inner_text()
    answer = httpx.get(f"{admin.served.url}/api/v1/costs", headers={"Authorization": f"Bearer {made}"})
    assert answer.status_code == 403, "an ingest key reads nothing, but it is known"
    dialog.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Revoke key browser robot").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="browser robot")).to_have_count(0)
    answer = httpx.get(f"{admin.served.url}/api/v1/costs", headers={"Authorization": f"Bearer {made}"})
    assert answer.status_code == 401
    admin.calm()


def test_a_viewer_is_offered_nothing_to_change(viewer: Tab) -> None:
    page = viewer.open("/budgets")
    expect(page.get_by_role("row", name="Legal")).to_be_visible()
    for name in ("New budget", "Edit", "Delete"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name="Keys")).to_have_count(0)
    viewer.open("/governance")
    expect(page.get_by_role("table", name="Tools")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    viewer.calm()


def test_a_socket_from_a_foreign_page_is_refused(served: Served) -> None:
    host, port = urlsplit(served.url).hostname, urlsplit(served.url).port
    assert host is not None
    assert port is not None

    def handshake(origin: str) -> str:
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.sendall(
                b"GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id=x HTTP/1.1\r\n"
                b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + f"Host: {host}:{port}\r\nOrigin: {origin}\r\n\r\n".encode()
            )
            return connection.recv(1_024).split(b"\r\n")[0].decode()

    assert " 403 " in handshake("https://evil.example")
    assert " 101 " in handshake(served.url)
