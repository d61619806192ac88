"""What surrounds every page: navigation, theme, who is signed in; and how a page is put on an address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.common.auth import Access
from services.console.console import Console
from services.console.web.components.text import text
from services.console.web.visit import Visit, arrive

THEME_COOKIE = "aifinops_theme"
_NEXT_THEME = {"": "light", "light": "dark", "dark": ""}
_THEME_ICON = {"": "o_brightness_auto", "light": "o_light_mode", "dark": "o_dark_mode"}
_THEME_NAME = {"": "system", "light": "light", "dark": "dark"}

_HEAD = '<script src="/assets/app.js"></script><link rel="stylesheet" href="/assets/app.css">'


@dataclass(frozen=True)
class Page:
    """A page of the UI. One without an icon is reached from another page, whose path it names in `under`."""

    path: str
    title: str
    build: Callable[[Visit], Awaitable[None]]
    icon: str = ""
    subtitle: str = ""
    access: Access = Access.READ
    under: str = ""


def register(page: Page, pages: Sequence[Page], console: Callable[[], Console]) -> None:
    """Puts a page on its address; who is not signed in is sent to sign in and then back."""

    async def show(request: Request) -> Response | None:
        visit = await arrive(console(), request)
        if visit is None:
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(asked)}", status_code=303)
        if not visit.may(page.access):
            return RedirectResponse("/", status_code=303)
        with _frame(visit, page, pages):
            await page.build(visit)
        return None

    ui.page(page.path, title=f"{page.title} · AI FinOps", response_timeout=10)(show)


def _frame(visit: Visit, page: Page, pages: Sequence[Page]) -> ui.element:
    ui.add_head_html(_HEAD)
    theme = _theme(visit.request)
    dark = ui.dark_mode({"": None, "light": False, "dark": True}[theme])
    drawer = ui.left_drawer(value=False, bordered=False, top_corner=True, bottom_corner=True).classes("nav")
    with drawer.props('show-if-above width=224 breakpoint=1000 aria-label="Main"'):
        with ui.link(target="/").classes("brand").props('aria-label="AI FinOps, overview"'):
            ui.element("span").classes("brand-mark").props('aria-hidden="true"')
            ui.label("AI FinOps").classes("brand-name")
        with ui.element("nav").props('aria-label="Pages"').classes("nav-list"):
            for each in pages:
                if each.icon and visit.may(each.access):
                    _nav_item(each, current=each.path in (page.path, page.under))
        with ui.element("div").classes("nav-foot"):
            ui.label(visit.principal.tenant_id).classes("nav-tenant").props('title="Tenant"')
            ui.label(f"{visit.principal.key_name} · {visit.principal.role.value}").classes("nav-key").props(
                'title="API key and role"'
            )
    with ui.header(bordered=False).classes("topbar"):
        ui.button(icon="menu", on_click=drawer.toggle).props('flat round dense aria-label="Navigation"').classes(
            "icon-button menu-button"
        )
        with ui.element("div").classes("topbar-titles"):
            text(page.title, "page-title", tag="h1").props('id="page-title"')
            if page.subtitle:
                text(page.subtitle, "page-subtitle", tag="p")
        ui.space()
        _theme_button(dark, theme)
        leave = ui.element("form").props('method="post" action="/logout"')
        with leave, ui.element("button").props('type="submit" aria-label="Sign out" title="Sign out"') as button:
            button.classes("icon-plain")
            ui.icon("o_logout")
    body = ui.element("div").classes("page")  # inside Quasar's own <main>
    ui.skip_link(target=body)
    return body


def _nav_item(page: Page, *, current: bool) -> None:
    with ui.link(target=page.path).classes("nav-item" + (" nav-current" if current else "")) as item:
        if current:
            item.props('aria-current="page"')
        ui.icon(page.icon)
        ui.label(page.title)


def _theme(request: Request) -> str:
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in _NEXT_THEME else ""


def _theme_button(dark: ui.dark_mode, theme: str) -> None:
    chosen = theme

    def describe() -> None:
        button.props(f'icon={_THEME_ICON[chosen]} aria-label="Theme: {_THEME_NAME[chosen]}"')
        button.props(f'title="Theme: {_THEME_NAME[chosen]}"')

    def advance() -> None:
        nonlocal chosen
        chosen = _NEXT_THEME[chosen]
        dark.value = {"": None, "light": False, "dark": True}[chosen]
        ui.run_javascript(f"afTheme.choose('{chosen}')")
        describe()

    button = ui.button(icon=_THEME_ICON[chosen], on_click=advance).props("flat round dense").classes("icon-button")
    describe()
