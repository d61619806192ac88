"""Saying what an anomaly was, and announcing what is planned."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.tab import Served, Tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_an_anomaly_is_labelled_with_the_keyboard_and_the_label_is_taken_back(
    served: Served, admin: Tab, viewer: Tab
) -> None:
    page = admin.open("/anomalies/a1")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Nobody said anything yet")
    page.get_by_role("button", name="False alarm").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="False alarm")
    expect(dialog.get_by_label("Note")).to_be_focused()
    page.keyboard.type("Their <b>holiday</b>")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(main).to_contain_text("A false alarm, said first admin")
    expect(main).to_contain_text("Their <b>holiday</b>")
    assert served.api("GET", "/anomalies/a1").json()["label"]["verdict"] == "false"

    seen = viewer.open("/anomalies/a1")
    expect(seen.get_by_role("main")).to_contain_text("A false alarm")
    expect(seen.get_by_role("button", name="False alarm")).to_have_count(0)
    expect(seen.get_by_role("button", name="Take back")).to_have_count(0)
    viewer.calm()

    precision = admin.open("/anomalies").get_by_role("table", name="Precision of each detector")
    expect(precision.get_by_role("row", name="Cost", exact=False).first).to_contain_text("0%")
    page = admin.open("/anomalies/a1")
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_role("main")).to_contain_text("Nobody said anything yet")
    admin.calm()


def test_a_window_is_announced_and_deleted(admin: Tab, viewer: Tab) -> None:
    page = admin.open("/anomalies")
    expect(page.get_by_role("main")).to_contain_text("Announce a load test, a migration or a launch")
    page.get_by_role("button", name="Announce", exact=True).click()
    dialog = page.get_by_role("dialog", name="Announce a planned window")
    dialog.get_by_role("button", name="Announce", exact=True).click()
    expect(dialog.get_by_role("alert").last).to_contain_text("reason")
    dialog.get_by_label("Which spend").click()
    page.get_by_role("option", name="Team", exact=True).click()
    dialog.get_by_label("Value").fill("search")
    dialog.get_by_label("Reason").fill("Load test <b>")
    dialog.get_by_role("button", name="Announce", exact=True).click()
    windows = page.get_by_role("table", name="Planned windows")
    expect(windows.get_by_role("row", name="team search")).to_contain_text("Load test <b>")

    seen = viewer.open("/anomalies")
    expect(seen.get_by_role("table", name="Planned windows")).to_contain_text("team search")
    expect(seen.get_by_role("button", name="Announce", exact=True)).to_have_count(0)
    expect(seen.get_by_role("button", name="Delete planned window of team search")).to_have_count(0)
    viewer.calm()

    page.get_by_role("button", name="Delete planned window of team search").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Announce a load test, a migration or a launch")
    admin.calm()
