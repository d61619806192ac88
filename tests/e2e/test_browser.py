"""The UI in headless Chromium, over peers that are real gRPC servers with data in memory."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from screenshot import ARGUMENTS, CHROMIUM, chromium, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PAGES = {
    "/": "Overview",
    "/costs": "Costs",
    "/budgets": "Budgets",
    "/anomalies": "Anomalies",
    "/anomalies/a1": "Anomaly",
    "/recommendations": "Recommendations",
    "/governance": "Governance",
    "/keys": "Keys",
}
WITH_DATA = {
    "/": ["Month to date", "Search, monthly", "team search", "Give back 14 idle Copilot seats", "support-bot"],
    "/costs": ["checkout", "By group", "Period before"],
    "/budgets": ["Search, monthly", 'team = "legal" AND environment = "prod"', "Blocks"],
    "/anomalies": ["model gpt-4o · team growth", "High"],
    "/anomalies/a1": ["6.8 times the $14.20 usual", "$493.11", "$8.90 to $21.70"],
    "/recommendations": ["Use gpt-4o-mini for short answers", "$1,870.40", "An evaluation of answer quality"],
    "/governance": ["Gemini chat", "notetaker-ai", "Shadow", "DeepThink: no data processing agreement"],
    "/keys": ["first admin", "Ingest"],
}
WITH_NOTHING = {
    "/": ["No spend yet", "/v1/events", "No budgets yet", "None open"],
    "/costs": ["No costs here", "/v1/events"],
    "/budgets": ["No budgets yet", "/api/v1/budgets"],
    "/anomalies": ["Nothing out of range", "/v1/events"],
    "/anomalies/a1": ["No such anomaly"],
    "/recommendations": ["No recommendations here", "/v1/events"],
    "/governance": ["Nothing waits", "No tools yet", "/v1/events"],
    "/keys": ["newco admin"],
}


@dataclass(frozen=True)
class Served:
    """A console in a process of its own."""

    url: str
    keys: dict[str, dict[str, str]]

    def api(self, method: str, path: str, tenant: str = "acme", body: object = None) -> httpx.Response:
        """Calls REST as an admin."""
        headers = {"Authorization": f"Bearer {self.keys[tenant]['admin']}"}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, json=body, timeout=30)
        answer.raise_for_status()
        return answer


@pytest.fixture(scope="module")
def served(clickhouse_url: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.e2e.console_backend", "--clickhouse", clickhouse_url]
    command += ["--database", f"t{uuid.uuid4().hex[:10]}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith('{"http"')), "")
        assert line, "the console did not start"
        told = json.loads(line)
        yield Served(told["http"], told["keys"])
        process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip(f"NO BROWSER TESTED: no chromium on the PATH; install it or set {CHROMIUM}")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


@dataclass
class Tab:
    """A page, and everything that went wrong or outside while it was open."""

    page: Page
    served: Served
    trouble: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        host = urlsplit(self.served.url).netloc
        page, trouble = self.page, self.trouble
        page.on("console", lambda m: trouble.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.on("response", lambda r: trouble.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on(
            "request",
            lambda r: (
                trouble.append(f"outside: {r.url}")
                if urlsplit(r.url).netloc not in (host, "")
                or urlsplit(r.url).scheme not in ("http", "ws", "data", "blob")
                else None
            ),
        )

    def open(self, path: str) -> Page:
        """Goes there and waits until the page is alive."""
        self.page.goto(self.served.url + path)
        expect(self.page.locator("h1")).to_have_text(PAGES.get(urlsplit(path).path, ""))
        return self.page

    def calm(self) -> None:
        """Nothing went wrong, nothing was asked of another host."""
        assert self.trouble == []


def tab(browser: Browser, served: Served, tenant: str = "acme", role: str = "admin", **options: object) -> Tab:
    """A fresh browser, signed in."""
    context: BrowserContext = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    expect.set_options(timeout=10_000)
    opened = Tab(context.new_page(), served)
    sign_in(opened.page, served.url, served.keys[tenant][role])
    return opened


@pytest.fixture
def admin(browser: Browser, served: Served) -> Iterator[Tab]:
    opened = tab(browser, served)
    yield opened
    opened.page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_with_data(admin: Tab, path: str) -> None:
    page = admin.open(path)
    for text in WITH_DATA[path]:
        expect(page.get_by_role("main")).to_contain_text(text)
    if path in ("/", "/costs", "/anomalies/a1"):
        expect(page.locator(".chart svg path").first).to_be_attached()
    page.wait_for_timeout(1_500)  # at least one refresh of live figures
    admin.calm()


def test_every_page_with_nothing(browser: Browser, served: Served) -> None:
    opened = tab(browser, served, "newco")
    for path, texts in WITH_NOTHING.items():
        page = opened.open(path)
        for text in texts:
            expect(page.get_by_role("main")).to_contain_text(text)
    opened.calm()
    opened.page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_phone(browser: Browser, served: Served, path: str) -> None:
    opened = tab(browser, served, viewport={"width": 390, "height": 844})
    page = opened.open(path)
    expect(page.get_by_role("main")).to_contain_text(WITH_DATA[path][0])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    expect(page.get_by_role("link", name="Budgets", exact=True)).not_to_be_in_viewport()
    page.get_by_role("button", name="Navigation").click()
    expect(page.get_by_role("link", name="Budgets", exact=True)).to_be_in_viewport()
    opened.calm()
    page.context.close()


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


def test_an_ended_session_leads_to_signing_in(admin: Tab) -> None:
    page = admin.open("/budgets")
    with admin.page.context.new_page() as other:
        other.goto(f"{admin.served.url}/")
        other.get_by_role("button", name="Sign out").click()
        expect(other.locator("h1")).to_have_text("Sign in")
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.get_by_role("alert")).to_contain_text("session has ended")


def _background(page: Page) -> int:
    """Brightness of the page, 0 to 765."""
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3])


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


def test_a_viewer_is_offered_nothing_to_change(browser: Browser, served: Served) -> None:
    opened = tab(browser, served, role="viewer")
    page = opened.open("/budgets")
    expect(page.get_by_role("row", name="Legal")).to_be_visible()
    for name in ("New budget", "Edit", "Delete"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name="Keys")).to_have_count(0)
    opened.open("/governance")
    expect(page.get_by_role("table", name="Tools")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    opened.calm()
    page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_without_a_mouse_or_eyes(admin: Tab, path: str) -> None:
    page = admin.open(path)
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
