"""Takes a picture of a running console: how the README's images are made.

python docs/screenshot.py --url http://127.0.0.1:8080 --key afk_... --out docs/images/overview.png
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "AIFINOPS_TEST_CHROMIUM"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The browser: named by the environment, or the one on the PATH."""
    return os.environ.get(CHROMIUM) or shutil.which("chromium") or shutil.which("chromium-browser")


def sign_in(page: Page, url: str, key: str) -> None:
    """Signs in with an API key.

    Raises:
        SystemExit: the console refuses it.
    """
    page.goto(f"{url}/login")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    if page.url.startswith(f"{url}/login"):
        raise SystemExit(f"{url} refuses this key: {page.get_by_role('alert').inner_text()}")


def main() -> None:
    """Reads the arguments, takes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="of the console")
    parser.add_argument("--key", default=os.environ.get("AIFINOPS_KEY"), help="API key; default: $AIFINOPS_KEY")
    parser.add_argument("--path", default="/", help="which page")
    parser.add_argument("--out", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--scale", type=float, default=1.0, help="pixels a CSS pixel")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--full", action="store_true", help="the whole page, not the first screen")
    arguments = parser.parse_args()
    browser_path = chromium()
    if browser_path is None:
        sys.exit(f"no Chromium found: install chromium or set {CHROMIUM}")
    if not arguments.key:
        sys.exit("give --key, or set AIFINOPS_KEY")
    url = arguments.url.rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": arguments.width, "height": arguments.height},
            device_scale_factor=arguments.scale,
            color_scheme="dark" if arguments.dark else "light",
        )
        sign_in(page, url, arguments.key)
        page.goto(url + arguments.path)
        page.get_by_role("main").wait_for()
        page.wait_for_timeout(2_000)  # charts grow in
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=arguments.out, full_page=arguments.full)
        browser.close()


if __name__ == "__main__":
    main()
