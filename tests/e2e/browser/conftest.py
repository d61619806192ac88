"""The UI in headless Chromium, over peers that are real gRPC servers with data in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from docs.screenshot import ARGUMENTS, CHROMIUM, chromium
from tests.e2e.browser.tab import Served, Tab, tab


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


@pytest.fixture
def admin(browser: Browser, served: Served) -> Iterator[Tab]:
    opened = tab(browser, served)
    yield opened
    opened.page.context.close()
