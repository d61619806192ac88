"""What a page says about itself: trouble, and what to do where there is nothing to show yet."""

from __future__ import annotations

import json

from nicegui import ui

from services.console.web.components.text import box, text


class Banner:
    """Trouble, told above the page until it is over."""

    def __init__(self) -> None:
        with box("banner") as self._box:
            self._box.props('role="status" aria-live="polite"')
            ui.icon("o_cloud_off").props('aria-hidden="true"')
            self._text = text()
        self._box.set_visibility(False)

    def show(self, message: str) -> None:
        self._text.show(message)
        self._box.set_visibility(True)

    def hide(self) -> None:
        self._box.set_visibility(False)


def empty(icon: str, title: str, advice: str, snippet: str = "") -> ui.element:
    """What stands where data will be: what is missing, what to do, and a command to copy."""
    with box("empty") as whole:
        ui.icon(icon).classes("empty-icon").props('aria-hidden="true"')
        text(title, "empty-title", tag="h3")
        text(advice, "empty-advice", tag="p")
        if snippet:
            code(snippet)
    return whole


def code(snippet: str) -> None:
    """A command with a button that copies it."""
    with box("snippet"):
        text(snippet, "snippet-text", tag="pre").props('tabindex="0"')
        text("Copy", "snippet-copy", tag="button").props('type="button"').on(
            "click", js_handler=f"(e) => afCopy(e.currentTarget, {json.dumps(snippet)})"
        )


def first_event(ingest_url: str) -> str:
    """The command that sends a first event here."""
    return (
        f"curl -X POST {ingest_url}/v1/events \\\n"
        '  -H "Authorization: Bearer $AIFINOPS_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"id": "req-1", "provider": "openai", "model": "gpt-4o", "tool": "openai-api",\n'
        '       "team": "search", "usage": {"input_tokens": 900, "output_tokens": 50}}\''
    )
