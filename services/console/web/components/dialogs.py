"""Dialogs: forms, and questions before something is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from services.console.web.components.text import box, text
from services.console.web.visit import Visit


def ask(title: str, *, wide: bool = False) -> tuple[ui.dialog, ui.element]:
    """A dialog and the box for its contents; open it when they are in."""
    with ui.dialog() as dialog, ui.card().classes("dialog" + (" dialog-wide" if wide else "")):
        dialog.props["aria-label"] = title
        with box("dialog-head"):
            text(title, "dialog-title", tag="h2")
            ui.button(icon="close", on_click=dialog.close).props('flat round dense aria-label="Close"').classes(
                "icon-button"
            )
        body = box("dialog-body")
    dialog.on("hide", dialog.delete)
    return dialog, body


def buttons(
    visit: Visit, dialog: ui.dialog, action: str, act: Callable[[], Awaitable[bool]], *, dangerous: bool = False
) -> None:
    """Cancel, and the action; the dialog closes when `act` says it is done. A refusal is shown and keeps it open."""

    async def run() -> None:
        button.disable()
        done = False
        try:
            with visit.telling():
                done = await act()
        finally:
            button.enable()
        if done:
            dialog.close()

    with box("dialog-foot"):
        ui.button("Cancel", on_click=dialog.close).props("flat no-caps").classes("button")
        button = ui.button(action, on_click=run).props("unelevated no-caps")
        button.classes("button button-bad" if dangerous else "button button-main")


def confirm(visit: Visit, title: str, consequence: str, action: str, act: Callable[[], Awaitable[None]]) -> None:
    """Asks before something that cannot be undone."""

    async def done() -> bool:
        await act()
        return True

    dialog, body = ask(title)
    with body:
        text(consequence, "dialog-text", tag="p")
        buttons(visit, dialog, action, done, dangerous=True)
    dialog.open()
