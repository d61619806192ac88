"""A choice between a few, side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui


def segments(options: dict[str, str], chosen: str, name: str, on_change: Callable[[str], Awaitable[None]]) -> ui.toggle:
    """Options by value; `on_change` gets the new value. `name` is what it chooses, for screen readers."""

    async def changed() -> None:
        await on_change(toggle.value)

    toggle = ui.toggle(options, value=chosen, on_change=changed).classes("segments")
    # Colours are the style sheet's: `none` keeps Quasar's own away.
    toggle.props("no-caps unelevated dense toggle-color=none toggle-text-color=none")
    toggle.props["aria-label"] = name
    return toggle
