"""Tools and approvals."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser.tab import Served, Tab, tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_approve_with_the_keyboard_and_deny(browser: Browser, served: Served) -> None:
    opened = tab(browser, served, "globex")
    page = opened.open("/governance")
    page.get_by_role("button", name="Approve Cursor").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Approve Cursor")
    expect(dialog).to_contain_text("reviews got faster")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("Code stays in the tenant")
    dialog.get_by_role("button", name="Approve", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Approve Cursor")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("Code stays in the tenant")
    page.get_by_role("button", name="Deny Gemini chat").click()
    page.get_by_role("dialog").get_by_role("button", name="Deny", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Nothing waits")
    states = {a["id"]: a["state"] for a in served.api("GET", "/approvals", "globex").json()["approvals"]}
    assert (states["p1"], states["p2"]) == ("approved", "denied")
    opened.calm()
    page.context.close()


def test_a_tool_is_requested_and_another_registered(admin: Tab) -> None:
    page = admin.open("/governance")
    page.get_by_role("button", name="Request a tool").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Send request").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("Give the tool's id")
    dialog.get_by_label("Id, as usage events name it").fill("windsurf")
    dialog.get_by_label("Name", exact=True).fill("Windsurf <b>")
    dialog.get_by_label("Why it is needed").fill("A trial")
    dialog.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("button", name="Approve Windsurf <b>")).to_be_visible()
    page.get_by_role("button", name="Register a tool").click()
    page.get_by_role("dialog").get_by_label("Id, as usage events name it").fill("zed")
    page.get_by_role("dialog").get_by_role("button", name="Register as approved").click()
    expect(page.get_by_role("table", name="Tools").get_by_role("row", name="zed")).to_contain_text("Approved")
    admin.calm()
