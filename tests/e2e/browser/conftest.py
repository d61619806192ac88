"""The UI in headless Chromium, over peers that are real gRPC servers with data in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from docs.screenshot import ARGUMENTS, CHROMIUM, chromium
from tests.e2e.browser.tab import Served, Tab, another, signed_in


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip(f"NO BROWSER TESTED: no chromium on the PATH; install it or set {CHROMIUM}")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def desk(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    """An admin's browser. Who signs out, or chooses what it remembers, needs one of their own."""
    with signed_in(browser, served) as context:
        yield context


@pytest.fixture(scope="package")
def viewers_desk(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    with signed_in(browser, served, role="viewer") as context:
        yield context


@pytest.fixture
def admin(desk: BrowserContext, served: Served) -> Iterator[Tab]:
    with another(desk, served) as opened:
        yield opened


@pytest.fixture
def viewer(viewers_desk: BrowserContext, served: Served) -> Iterator[Tab]:
    with another(viewers_desk, served) as opened:
        yield opened
