"""Dialogs: forms, and questions before something is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from services.common.errors import ApiError, UnauthenticatedError
from services.console.web.components.text import box, text
from services.console.web.visit import SIGN_IN_AGAIN


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


def buttons(dialog: ui.dialog, action: str, act: Callable[[], Awaitable[bool]], *, dangerous: bool = False) -> None:
    """Cancel, and the action; the dialog closes when `act` says it is done. A refusal is shown and keeps it open."""

    async def run() -> None:
        button.disable()
        try:
            done = await act()
        except UnauthenticatedError:
            ui.navigate.to(SIGN_IN_AGAIN)
            return
        except ApiError as error:
            alert.show(_told(error))
            return
        finally:
            button.enable()
        if done:
            dialog.close()

    alert = text("", "dialog-alert", tag="p").props('role="alert"')
    with box("dialog-foot"):
        ui.button("Cancel", on_click=dialog.close).props("flat no-caps").classes("button")
        button = ui.button(action, on_click=run).props("unelevated no-caps")
        button.classes("button button-bad" if dangerous else "button button-main")


def _told(error: ApiError) -> str:
    """The refusal and, where its message does not say so, which fields are wrong."""
    fields = [f"{each.field}: {each.description}" for each in error.violations]
    return "; ".join([error.message, *(field for field in fields if field not in error.message)])


def confirm(title: str, consequence: str, action: str, act: Callable[[], Awaitable[None]]) -> None:
    """Asks before something that cannot be undone."""

    async def done() -> bool:
        await act()
        return True

    dialog, body = ask(title)
    with body:
        text(consequence, "dialog-text", tag="p")
        buttons(dialog, action, done, dangerous=True)
    dialog.open()
