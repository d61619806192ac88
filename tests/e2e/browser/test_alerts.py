"""Alerts and routes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.tab import Tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_a_route_is_made_and_tried_and_an_alert_is_snoozed(admin: Tab) -> None:
    page = admin.open("/alerts")
    page.get_by_role("button", name="New route").click()
    dialog = page.get_by_role("dialog", name="New route")
    dialog.get_by_role("button", name="Create route").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("Give the receiver's Webhook URL")
    dialog.get_by_label("Name").fill("Ops <b>")
    dialog.get_by_label("Webhook URL").fill("https://hooks.slack.example/T/B/secret")
    dialog.get_by_role("button", name="Create route").click()
    routes = page.get_by_role("table", name="Routes")
    expect(routes).to_contain_text("Ops <b>")
    page.get_by_role("button", name="Test Ops <b>").click()
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.get_by_role("dialog")).to_contain_text("slack: delivered")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Snooze Budget Growth: 80% used").click()
    page.get_by_role("dialog").get_by_role("button", name="Snooze", exact=True).click()
    alert = page.get_by_role("table", name="Alerts", exact=True).get_by_role("row", name="Budget Growth: 80% used")
    expect(alert).to_contain_text("Snoozed")
    page.get_by_role("button", name="Resolve Budget Growth: 80% used").click()
    page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
    expect(alert).to_contain_text("Resolved")
    assert "secret" not in admin.open("/alerts").content()
    admin.calm()
