"""Every page: with data and without, on a phone, in the dark, without a mouse or eyes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser.tab import PAGES, Served, another, signed_in, tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

WITH_DATA = {
    "/": ["Month to date", "Search, monthly", "team search", "Give back 14 idle Copilot seats", "support-bot"],
    "/costs": ["checkout", "By group", "Period before"],
    "/unpriced": ["house-model-7b", "$0.36", "What to do"],
    "/reconciliation": ["openai-costs", "Unexplained", "Tokens that cost nothing"],
    "/contracts": ["reseller-2026", "1 discount, 1 commitment", "50%", "Exchange rates"],
    "/contracts/reseller-2026": ["Order form 4711", "12.5", "minimum"],
    "/budgets/legal": ["Legal", "$402.77", "Not crossed", "req-held"],
    "/budgets": ["Search, monthly", 'team = "legal" AND environment = "prod"', "Blocks"],
    "/anomalies": ["model gpt-4o · team growth", "High"],
    "/anomalies/a1": [
        "6.8 times the $14.20 usual",
        "$493.11",
        "$8.90 to $21.70",
        "Mix of models",
        "gpt-5 has 62% of requests",
        "ann@example.com",
        "req-7",
    ],
    "/recommendations": ["Use gpt-4o-mini for short answers", "$1,870.40", "An evaluation of answer quality"],
    "/alerts": ["Budget Legal: 80% used", "Firing", "On call", "Slack, hooks.slack.example"],
    "/governance": ["Gemini chat", "notetaker-ai", "Shadow", "DeepThink: no data processing agreement"],
    "/keys": ["first admin", "Ingest"],
}
WITH_NOTHING = {
    "/": ["No spend yet", "/v1/events", "No budgets yet", "None open"],
    "/costs": ["No costs here", "/v1/events"],
    "/unpriced": ["Everything has a price"],
    "/reconciliation": ["No provider reports its costs yet"],
    "/contracts": ["No contracts: list prices count", "aifinops contracts put"],
    "/contracts/reseller-2026": ["No such contract"],
    "/budgets/legal": ["No such budget"],
    "/budgets": ["No budgets yet", "/api/v1/budgets"],
    "/anomalies": ["Nothing out of range", "/v1/events"],
    "/anomalies/a1": ["No such anomaly"],
    "/recommendations": ["No recommendations here", "/v1/events"],
    "/alerts": ["No alerts yet", "No routes"],
    "/governance": ["Nothing waits", "No tools yet", "/v1/events"],
    "/keys": ["newco admin"],
}


@pytest.fixture(scope="module")
def phone(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    with signed_in(browser, served, viewport={"width": 390, "height": 844}) as context:
        yield context


@pytest.mark.parametrize("path", PAGES)
def test_every_page_with_data(desk: BrowserContext, served: Served, path: str) -> None:
    with another(desk, served) as opened:
        page = opened.open(path)
        for text in WITH_DATA[path]:
            expect(page.get_by_role("main")).to_contain_text(text)
        if path in ("/", "/costs", "/anomalies/a1", "/budgets/legal"):
            expect(page.locator(".chart svg path").first).to_be_attached()
        page.wait_for_timeout(1_500)  # at least one refresh of live figures
        opened.calm()


def test_every_page_with_nothing(browser: Browser, served: Served) -> None:
    opened = tab(browser, served, "newco")
    for path, texts in WITH_NOTHING.items():
        page = opened.open(path)
        for text in texts:
            expect(page.get_by_role("main")).to_contain_text(text)
    opened.calm()
    opened.page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_phone(phone: BrowserContext, served: Served, path: str) -> None:
    with another(phone, served) as opened:
        page = opened.open(path)
        expect(page.get_by_role("main")).to_contain_text(WITH_DATA[path][0])
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
        expect(page.get_by_role("link", name="Budgets", exact=True)).not_to_be_in_viewport()
        page.get_by_role("button", name="Navigation").click()
        expect(page.get_by_role("link", name="Budgets", exact=True)).to_be_in_viewport()
        opened.calm()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_without_a_mouse_or_eyes(desk: BrowserContext, served: Served, path: str) -> None:
    with another(desk, served) as opened:
        page = opened.open(path)
        expect(page.get_by_role("main")).to_contain_text(WITH_DATA[path][0])
        assert page.locator("h1").count() == 1
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, a[href], input, select, textarea, [role=button]')]
                .filter(e => e.offsetParent !== null && e.type !== 'hidden')
                .filter(e => !(e.innerText || '').trim() && !e.getAttribute('aria-label') && !e.labels?.length
                             && !e.getAttribute('aria-labelledby') && !e.closest('label'))
                .map(e => e.outerHTML.slice(0, 200))"""
        )
        assert nameless == []
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_an_empty_page_gives_a_command_to_copy(browser: Browser, served: Served) -> None:
    opened = tab(browser, served, "newco", permissions=["clipboard-read", "clipboard-write"])
    page = opened.open("/")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -X POST {served.url}/v1/events")
    body = copied[copied.index("{") : copied.rindex("}") + 1]
    assert json.loads(body)["usage"] == {"input_tokens": 900, "output_tokens": 50}
    opened.calm()
    page.context.close()


def test_dark_follows_the_system_and_can_be_chosen(browser: Browser, served: Served) -> None:
    opened = tab(browser, served, color_scheme="dark")
    page = opened.open("/costs")
    assert _background(page) < 150
    page.emulate_media(color_scheme="light")
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    assert _background(page) > 600
    for label in ("Theme: system", "Theme: light"):
        page.get_by_role("button", name=label).click()
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert _background(page) < 150
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert _background(page) < 150
    page.get_by_role("button", name="Theme: dark").click()
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    opened.calm()
    page.context.close()


def _background(page: Page) -> int:
    """Brightness of the page, 0 to 765."""
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3])
