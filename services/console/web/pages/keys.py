"""API keys of the tenant, for admins."""

from __future__ import annotations

from nicegui import ui

from services.common.auth import Access, Role
from services.common.clock import HOUR
from services.common.errors import InvalidArgumentError
from services.console.web.components import dialogs, notices
from services.console.web.components.live import Live
from services.console.web.components.table import Column, DataTable
from services.console.web.components.text import box, text
from services.console.web.shell import Page
from services.console.web.visit import Visit

_ROLES = {
    "ingest": "Ingest: sends events, reads nothing",
    "gateway": "Gateway: sends events, asks for prices and whether budgets allow a request, reads nothing else",
    "viewer": "Viewer: reads everything",
    "editor": "Editor: also edits budgets and tools, sends events",
    "admin": "Admin: also decides approvals and makes keys",
}

_OVERLAPS = {24: "for a day", 1: "for an hour", 168: "for a week", 0: "not at all"}


async def build(visit: Visit) -> None:
    """The page."""
    tenant = visit.principal.tenant_id

    async def refresh() -> None:
        visit.caller  # noqa: B018 - an ended session must not go on reading
        table.show(
            [
                {
                    "id": key.key_id,
                    "name": {"t": key.name, "t2": "this session's key" if key.key_id == visit.principal.key_id else ""},
                    "key": {"t": f"afk_{key.key_id}_…", "tone": "mono"},
                    "role": {"t": key.role.value.capitalize(), "tone": "accent" if key.role is Role.ADMIN else "quiet"},
                    "actions": {
                        "actions": [
                            {"id": "rotate", "text": "Rotate", "label": f"Rotate key {key.name}"},
                            {"id": "revoke", "text": "Revoke", "label": f"Revoke key {key.name}", "tone": "bad"},
                        ]
                    },
                }
                for key in visit.console.keyring.of_tenant(tenant)
            ]
        )

    async def act(action: str, key_id: str) -> None:
        if action == "rotate":
            _rotate(visit, live, key_id)
            return

        async def revoke() -> None:
            await visit.console.keyring.revoke(tenant, key_id, visit.caller.principal.key_name)
            await live.refresh()

        consequence = "Whoever uses it is refused at once here and within seconds everywhere. This cannot be undone."
        dialogs.confirm("Revoke key", consequence, "Revoke", revoke)

    live = Live(visit, refresh)
    with box("page-actions"):
        ui.button("New key", icon="add", on_click=lambda: _create(visit, live)).props("unelevated no-caps").classes(
            "button button-main"
        )
    with box("card card-flush", tag="section"):
        table = DataTable(
            [Column("name", "Name", "title"), Column("key", "Key", minor=True), Column("role", "Role", "badge"),
             Column("actions", "Actions", "actions")],
            "API keys",
            on_act=act,
            page_size=25,
        )  # fmt: skip
    await live.first()


def _create(visit: Visit, live: Live) -> None:
    dialog, body = dialogs.ask("New API key")
    with body:
        name = ui.input("Name: who or what will hold it", placeholder="checkout-api").props("outlined dense autofocus")
        role = ui.select(_ROLES, label="Role", value="ingest").props("outlined dense")
        name.classes("field")
        role.classes("field")

        async def create() -> bool:
            entered = name.value.strip()
            if not 1 <= len(entered) <= 100:
                raise InvalidArgumentError("Give the key a name of at most 100 characters.")
            visit.caller.principal.require(Access.ADMINISTER)
            tenant = visit.principal.tenant_id
            made, _ = await visit.console.keyring.create(tenant, Role(role.value), entered, visit.principal.key_name)
            await live.refresh()
            _show(dialog, body, made)
            return False

        dialogs.buttons(dialog, "Create key", create)
    dialog.open()


def _rotate(visit: Visit, live: Live, key_id: str) -> None:
    dialog, body = dialogs.ask("Rotate key")
    with body:
        text("A new key of the same name and role takes its place.", "dialog-text", tag="p")
        overlap = ui.select(_OVERLAPS, label="The old key goes on", value=24).props("outlined dense")
        overlap.classes("field")

        async def rotate() -> bool:
            visit.caller.principal.require(Access.ADMINISTER)
            keyring, principal = visit.console.keyring, visit.principal
            made, _ = await keyring.rotate(principal.tenant_id, key_id, principal.key_name, overlap.value * HOUR)
            await live.refresh()
            _show(dialog, body, made)
            return False

        dialogs.buttons(dialog, "Rotate key", rotate)
    dialog.open()


def _show(dialog: ui.dialog, body: ui.element, key: str) -> None:
    """A key that was just made, in the place of the form."""
    body.clear()
    with body:
        text("Copy it now. It is not stored and cannot be shown again.", "dialog-text", tag="p")
        notices.code(key)
        with box("dialog-foot"):
            ui.button("Done", on_click=dialog.close).props("unelevated no-caps").classes("button button-main")


PAGE = Page("/keys", "Keys", build, "o_key", "API keys of this tenant", Access.ADMINISTER)
