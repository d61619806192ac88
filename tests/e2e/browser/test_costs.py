"""The cost explorer: groups, filters, events, the price of each bucket, CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.tab import Tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_from_a_cost_to_the_price_of_each_bucket(admin: Tab) -> None:
    page = admin.open("/costs")
    row = page.get_by_role("row", name="data-platform")
    row.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Events: data-platform")
    panel.get_by_role("row", name="house-model-7b").click()
    expect(panel).to_contain_text("Unpriced")
    expect(panel).to_contain_text("no price")
    expect(panel).to_contain_text("$0.36")
    expect(panel.get_by_role("definition").filter(has_text="1,250")).to_be_visible()
    panel.get_by_role("button", name="All events").click()
    panel.get_by_role("row", name="openai").first.click()
    expect(panel).to_contain_text("Priced")
    expect(panel).to_contain_text("2026-11-20")
    expect(panel.get_by_role("table", name="Price of each bucket")).to_contain_text("Output")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    admin.calm()


def test_the_explorer_groups_filters_and_tells_it_in_its_address(admin: Tab) -> None:
    page = admin.open("/costs?range=7d&by=team")
    page.get_by_label("Filter").fill("team = ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("expected a value")
    page.get_by_label("Filter").fill('provider = "anthropic"')
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).not_to_contain_text("expected a value")
    page.get_by_label("Group by").click()
    page.get_by_role("option", name="model").click()
    page.keyboard.press("Escape")
    table = page.get_by_role("table", name="Costs by group")
    expect(table).to_contain_text("claude-sonnet-4-5")
    expect(table).not_to_contain_text("gpt-4o")
    page.wait_for_function("location.search.includes('by=team%2Cmodel') && location.search.includes('anthropic')")
    address = page.url
    page.goto(address)
    expect(table).to_contain_text("claude-sonnet-4-5")
    expect(table).not_to_contain_text("gpt-4o")
    admin.calm()


def test_the_csv_has_the_exact_costs(admin: Tab) -> None:
    page = admin.open("/costs?range=last_month&by=team&step=month")
    expect(page.get_by_role("row", name="checkout")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        read = {row["team"]: row["cost_usd"] for row in csv.DictReader(file)}
    start, end = _last_month(page)
    rows = admin.served.api("GET", f"/costs?group_by=team&start={start}&end={end}").json()["rows"]
    assert read == {row["team"]: row["cost"] for row in rows}
    admin.calm()


def _last_month(page: Page) -> tuple[str, str]:
    script = """() => [1, 0].map(back => {
        const now = new Date();
        return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 10);
    })"""
    start, end = page.evaluate(script)
    return start, end


def test_exact_amounts_are_on_hover(admin: Tab) -> None:
    page = admin.open("/budgets")
    expect(page.get_by_role("row", name="Legal").get_by_text("$402.77")).to_have_attribute("title", "$402.77")
    month = admin.open("/").locator(".stat-value").nth(1)
    exact = admin.served.api("GET", "/overview").json()["spend"]["month_to_date"]
    whole, _, decimals = exact.rstrip("0").partition(".")
    expect(month).to_have_attribute("title", f"${int(whole):,}.{decimals.ljust(2, '0')}")


def test_tables_sort_with_the_keyboard(admin: Tab) -> None:
    page = admin.open("/costs?range=30d&by=team")
    header = page.get_by_role("table", name="Costs by group").get_by_role("columnheader", name="Spend")
    button = header.get_by_role("button")
    first = page.get_by_role("table", name="Costs by group").locator("tbody tr").first
    expect(first).to_contain_text("search")
    button.focus()
    for order, largest in (("descending", "search"), ("ascending", "legal")):
        page.keyboard.press("Enter")
        expect(first).to_contain_text(largest)
        expect(header).to_have_attribute("aria-sort", order)
    admin.calm()
