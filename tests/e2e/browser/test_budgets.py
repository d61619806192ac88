"""Budgets are made, changed and deleted; figures are live."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.tab import Tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_a_budget_is_made_changed_and_deleted(admin: Tab) -> None:
    page = admin.open("/budgets")
    page.get_by_role("button", name="New budget").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Growth, weekly")
    dialog.get_by_label("Amount").fill("lots")
    dialog.get_by_label("Which spend counts").fill("team =")
    dialog.get_by_role("button", name="Create budget").click()
    expect(dialog).to_contain_text("An amount such as 2500.00")
    expect(dialog).to_contain_text("expected a value")
    dialog.get_by_label("Amount").fill("1,200.50")
    dialog.get_by_label("Which spend counts").fill('team = "growth"')
    dialog.get_by_role("button", name="Create budget").click()
    row = page.get_by_role("row", name="Growth, weekly")
    expect(row).to_contain_text("$1,200.50")
    page.get_by_role("button", name="Edit budget Growth, weekly").click()
    expect(dialog.get_by_label("Amount")).to_have_value("1200.5")
    dialog.get_by_label("Amount").fill("900")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("$900.00")
    page.get_by_role("button", name="Delete budget Growth, weekly").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    admin.calm()


def test_figures_are_live(admin: Tab) -> None:
    page = admin.open("/budgets")
    expect(page.get_by_role("row", name="Legal")).to_be_visible()
    admin.served.api("POST", "/budgets", body={"id": "live", "display_name": "Made elsewhere", "amount": "5"})
    expect(page.get_by_role("row", name="Made elsewhere")).to_be_visible()
    admin.served.api("DELETE", "/budgets/live")
    expect(page.get_by_role("row", name="Made elsewhere")).to_have_count(0)
    admin.calm()
