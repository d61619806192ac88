"""A console to look at, and a signed-in page of it that remembers whatever went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from docs.screenshot import sign_in

PAGES = {
    "/": "Overview",
    "/costs": "Costs",
    "/unpriced": "Unpriced",
    "/reconciliation": "Reconciliation",
    "/contracts": "Contracts",
    "/contracts/reseller-2026": "Contract",
    "/budgets": "Budgets",
    "/budgets/legal": "Budget",
    "/alerts": "Alerts",
    "/anomalies": "Anomalies",
    "/anomalies/a1": "Anomaly",
    "/recommendations": "Recommendations",
    "/governance": "Governance",
    "/keys": "Keys",
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


@contextmanager
def signed_in(browser: Browser, served: Served, **options: object) -> Iterator[BrowserContext]:
    """A browser for many pages, signed in once: what they share is fetched and read once, too."""
    opened = tab(browser, served, **options)  # type: ignore[arg-type]
    opened.calm()
    opened.page.close()
    yield opened.page.context
    opened.page.context.close()


@contextmanager
def another(context: BrowserContext, served: Served) -> Iterator[Tab]:
    """A fresh page of a browser that is signed in."""
    opened = Tab(context.new_page(), served)
    yield opened
    opened.page.close()
