"""The application a host mounts at `/`: REST, sign-in, files, pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import ui
from starlette.staticfiles import StaticFiles

from services.console import api
from services.console.console import Console
from services.console.web import act, login, shell
from services.console.web.headers import Guarded
from services.console.web.pages import PAGES

STATIC = Path(__file__).parent / "static"

_site: FastAPI | None = None
_console: Console | None = None


def application(console: Console) -> FastAPI:
    """The site that serves this console.

    NiceGUI exists once in a process, and so does the site: when a process builds a second console (tests do), the site
    serves that one from then on.
    """
    global _site, _console
    _console = console
    if _site is None:
        _site = _assemble()
    return _site


def current() -> Console:
    """The console being served."""
    assert _console is not None, "application() builds the site first"
    return _console


def _assemble() -> FastAPI:
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    site.mount(api.PREFIX, api.application(current))
    site.mount("/assets", StaticFiles(directory=STATIC), name="assets")
    site.include_router(login.router(current))
    site.include_router(act.router(current))
    for page in PAGES:
        shell.register(page, PAGES, current)
    ui.run_with(
        site,
        title="AI FinOps",
        favicon=STATIC / "favicon.svg",
        dark=None,
        tailwind=False,
        language="en-US",
        reconnect_timeout=10.0,
        show_welcome_message=False,
        storage_secret=None,  # no NiceGUI storage: it would write to disk what belongs in memory
    )
    site.add_middleware(Guarded)
    return site
