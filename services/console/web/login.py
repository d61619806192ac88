"""Sign in with an API key, sign out. Plain HTML forms: a cookie that scripts cannot read is set by an HTTP answer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import nicegui
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.common.auth import Access, Role
from services.common.errors import ApiError, PermissionDeniedError, UnauthenticatedError
from services.console.console import Console
from services.console.web.forms import fields_of
from services.console.web.sessions import COOKIE

_PAGE = Template((Path(__file__).parent / "static" / "login.html").read_text())
_FONTS = f"/_nicegui/{nicegui.__version__}/static/fonts.css"
_MAX_KEY_CHARACTERS = 200


def router(console: Callable[[], Console]) -> APIRouter:
    """`GET /login`, `POST /login`, `POST /logout`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def form(request: Request) -> Response:
        target = _safe(request.query_params.get("next", ""))
        ended = "ended" in request.query_params
        return _page(target, "Your session has ended. Sign in again." if ended else "", 200)

    @routes.post("/login")
    async def sign_in(request: Request) -> Response:
        sent = await fields_of(request)
        target = _safe(sent.get("next", ""))
        key = sent.get("key", "").strip()
        try:
            await _admit(console(), key)
        except ApiError as error:
            return _page(target, error.message, error.http_status)
        answer = RedirectResponse(target, status_code=303)
        answer.set_cookie(
            COOKIE, console().sessions.open(key), httponly=True, samesite="lax", secure=_is_https(request), path="/"
        )
        return answer

    @routes.post("/logout")
    async def sign_out(request: Request) -> Response:
        console().sessions.close(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return routes


async def _admit(console: Console, key: str) -> None:
    if not key:
        raise UnauthenticatedError("Paste an API key. It starts with afk_.")
    try:
        principal = await console.keyring.authenticate(f"Bearer {key[:_MAX_KEY_CHARACTERS]}")
    except UnauthenticatedError:
        raise UnauthenticatedError(
            "This API key is unknown or has been revoked. Check that you copied all of it; it starts with afk_."
        ) from None
    if principal.role is Role.SERVICE:
        raise PermissionDeniedError("This is the platform's own key. Sign in with a key of your tenant.")
    try:
        principal.require(Access.READ)
    except PermissionDeniedError:
        raise PermissionDeniedError(
            f"A key of role {principal.role.value} reads nothing. Sign in with a viewer, editor or admin key."
        ) from None


def _safe(target: str) -> str:
    """Only a path of this site is followed after signing in."""
    parts = urlsplit(target)
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if local else "/"


def _is_https(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def _page(target: str, message: str, status: int) -> Response:
    alert = f'<p class="login-alert" role="alert">{escape(message)}</p>' if message else ""
    invalid = "true" if status >= 400 else "false"
    page = _PAGE.substitute(fonts=_FONTS, next=escape(target, quote=True), alert=alert, invalid=invalid)
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
