"""The page behind a message's signed link: it shows the alert, and a button does what the reader chose. Opening the
link changes nothing, since mail scanners open links too."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template

import nicegui
from fastapi import APIRouter, Request
from finops.notification.v1 import notification_pb2 as pb
from starlette.responses import HTMLResponse, Response

from services.common.clock import HOUR
from services.common.errors import ApiError, InvalidArgumentError
from services.console.console import Console
from services.console.domain.enums import word
from services.console.web.forms import fields_of

_PAGE = Template((Path(__file__).parent / "static" / "act.html").read_text())
_FONTS = f"/_nicegui/{nicegui.__version__}/static/fonts.css"
_ACTIONS = {
    "acknowledge": pb.ActOnLinkRequest.ACTION_ACKNOWLEDGE,
    "snooze": pb.ActOnLinkRequest.ACTION_SNOOZE,
    "resolve": pb.ActOnLinkRequest.ACTION_RESOLVE,
}
_SNOOZES = {"1": "1 hour", "8": "8 hours", "24": "1 day", "168": "1 week"}
_DONE = {
    pb.Notification.STATE_ACKNOWLEDGED: "Acknowledged: no more is sent of it, unless it grows worse.",
    pb.Notification.STATE_SNOOZED: "Snoozed: you hear of it again if it still goes on then.",
    pb.Notification.STATE_RESOLVED: "Resolved.",
}


def router(console: Callable[[], Console]) -> APIRouter:
    """`GET /alerts/act`, `POST /alerts/act`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/alerts/act")
    async def show(request: Request) -> Response:
        token = request.query_params.get("token", "")
        try:
            alert = await console().peers.describe_link(token)
        except ApiError as error:
            return _page("This link does not work", _said(error.message), "", error.http_status)
        return _page(alert.title, "", _form(alert, token), 200)

    @routes.post("/alerts/act")
    async def act(request: Request) -> Response:
        sent = await fields_of(request)
        try:
            alert = await console().peers.act_on_link(_asked(console(), sent))
        except ApiError as error:
            return _page("That did not work", _said(error.message), "", error.http_status)
        return _page(alert.title, _said(_DONE.get(alert.state, "")), "", 200)

    return routes


def _asked(console: Console, sent: dict[str, str]) -> pb.ActOnLinkRequest:
    action = _ACTIONS.get(sent.get("action", ""))
    if action is None:
        raise InvalidArgumentError.of("action", f"one of {', '.join(_ACTIONS)}")
    request = pb.ActOnLinkRequest(token=sent.get("token", ""), action=action)
    if action == pb.ActOnLinkRequest.ACTION_SNOOZE:
        hours = sent.get("hours", "")
        if hours not in _SNOOZES:
            raise InvalidArgumentError.of("hours", f"one of {', '.join(_SNOOZES)}")
        request.snooze_until_unix_micros = console.clock.now() + int(hours) * HOUR
    return request


def _form(alert: pb.Notification, token: str) -> str:
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in alert.body.splitlines())
    state = f"<p>It is {word(pb.Notification.State, alert.state)} now.</p>"
    if alert.state == pb.Notification.STATE_RESOLVED:
        return paragraphs + state
    choices = "".join(f'<option value="{hours}">{text}</option>' for hours, text in _SNOOZES.items())
    return (
        f'{paragraphs}{state}<form method="post" action="/alerts/act">'
        f'<input type="hidden" name="token" value="{escape(token, quote=True)}" />'
        '<button type="submit" name="action" value="acknowledge">Acknowledge</button>'
        f'<label for="hours">Snooze for</label><select id="hours" name="hours">{choices}</select>'
        '<button type="submit" name="action" value="snooze">Snooze</button>'
        '<button type="submit" name="action" value="resolve">Resolve</button></form>'
    )


def _said(text: str) -> str:
    return f'<p class="login-alert" role="alert">{escape(text)}</p>' if text else ""


def _page(title: str, alert: str, body: str, status: int) -> Response:
    page = _PAGE.substitute(fonts=_FONTS, title=escape(title), alert=alert, body=body)
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store", "Referrer-Policy": "same-origin"})
