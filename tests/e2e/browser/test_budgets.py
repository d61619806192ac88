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


def test_every_term_is_in_the_form_and_saving_loses_none(admin: Tab) -> None:
    """Two burn rates at the same percentage stay two; what nobody touched stays to the last digit."""
    terms = {
        "id": "every-term", "display_name": "Every term", "filter": 'team = "search"', "amount": "200", "per": "user",
        "period": "year", "time_zone": "Europe/Berlin", "threshold_percents": [70], "enforcement": "block",
        "failure_mode": "closed", "count_committed": True, "labels": {"cost-centre": "4711"}, "parent": "budgets/all",
        "calendar": {"year_start_month": 4, "year_start_day": 6, "week_start": "sunday", "week_pattern": "454"},
        "carry_over": {"unspent": True, "overspent": False, "maximum": "10.50"},
        "member_amounts": [{"member": "ann@example.com", "amount": "500"}],
        "increases": [
            {"amount": "5", "start": "2026-11-24T00:00:00.123456Z", "expire": "2026-11-25T00:00:00Z", "reason": "x"}
        ],
        "amount_changes": [{"effective": "2027-01-01T00:00:00Z", "amount": "7", "reason": "plan"}],
        "threshold_rules": [
            {"basis": "burn_rate", "percent": 300, "window_hours": 6, "rearm": "when_back_below"},
            {"basis": "burn_rate", "percent": 300, "window_hours": 48},
        ],
    }  # fmt: skip
    before = admin.served.api("POST", "/budgets", body=terms).json()
    page = admin.open("/budgets")
    page.get_by_role("button", name="Edit budget Every term").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Percent", exact=True)).to_have_count(2)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    after = admin.served.api("GET", "/budgets/every-term").json()
    changed = {name for name, held in before.items() if after[name] != held}
    assert changed <= {"etag", "update_time"}
    page.get_by_role("button", name="Edit budget Every term").click()
    dialog.get_by_role("button", name="Add a member").click()
    expect(dialog.get_by_label("Member", exact=True)).to_have_count(2)
    dialog.get_by_label("Member", exact=True).last.fill("bob@example.com")
    dialog.get_by_label("US dollars", exact=True).nth(1).fill("much")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Amounts of single members, row 2: 'much' is not")
    dialog.get_by_label("US dollars", exact=True).nth(1).fill("$1,250")
    dialog.get_by_role("button", name="Remove from alert rules").first.click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    after = admin.served.api("GET", "/budgets/every-term").json()
    assert after["member_amounts"][1] == {"member": "bob@example.com", "amount": "1250.000000000000"}
    assert [rule["window_hours"] for rule in after["threshold_rules"]] == [48]
    admin.served.api("DELETE", "/budgets/every-term")
    admin.calm()


def test_nested_budgets_are_a_tree(admin: Tab) -> None:
    nested = {"tree-org": ("Organisation", ""), "tree-team": ("Team", "tree-org"), "tree-ann": ("Ann", "tree-team"),
              "tree-alone": ("Alone", "")}  # fmt: skip
    for number, (name, (title, parent)) in enumerate(nested.items()):
        body = {
            "id": name,
            "display_name": title,
            "parent": parent and f"budgets/{parent}",
            "amount": f"{100 - number}",
        }
        admin.served.api("POST", "/budgets", body=body)
    page = admin.open("/budgets")
    rows = page.locator("tbody tr")

    def titles() -> list[str]:
        known = {title for title, _ in nested.values()}
        return [text for text in rows.locator(".k-title .cell-link").all_inner_texts() if text in known]

    expect(page.get_by_role("row", name="Ann")).to_have_attribute("aria-level", "3")
    assert " ".join(titles()).replace("Alone", "").split() == ["Organisation", "Team", "Ann"]
    page.get_by_role("button", name="Amount").click()
    expect(page.get_by_role("columnheader", name="Amount")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Amount").click()
    expect(page.get_by_role("columnheader", name="Amount")).to_have_attribute("aria-sort", "ascending")
    assert titles() == ["Alone", "Organisation", "Team", "Ann"], (
        "children stay below their parent, however it is sorted"
    )
    page.get_by_role("button", name="Budgets within Team").click()
    expect(page.get_by_role("row", name="Ann")).to_have_count(0)
    page.get_by_role("button", name="Budgets within Team").click()
    expect(page.get_by_role("row", name="Ann")).to_be_visible()
    for name in reversed(nested):
        admin.served.api("DELETE", f"/budgets/{name}")
    admin.calm()


def test_figures_are_live(admin: Tab) -> None:
    page = admin.open("/budgets")
    expect(page.get_by_role("row", name="Legal")).to_be_visible()
    admin.served.api("POST", "/budgets", body={"id": "live", "display_name": "Made elsewhere", "amount": "5"})
    expect(page.get_by_role("row", name="Made elsewhere")).to_be_visible()
    admin.served.api("DELETE", "/budgets/live")
    expect(page.get_by_role("row", name="Made elsewhere")).to_have_count(0)
    admin.calm()
