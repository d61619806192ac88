"""Text in the element it belongs in, and plain boxes."""

from __future__ import annotations

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from services.common.money import Picos
from services.console.domain import figures


class Text(TextElement):
    """A text that can change in place."""

    def show(self, content: str, title: str = "") -> None:
        """Sets text and hover text; nothing is sent when both are as they were."""
        if content != self.text:
            self.set_text(content)
        if title != self.props.get("title", ""):
            self.props["title"] = title

    def show_money(self, picos: Picos) -> None:
        """Rounded, every digit on hover."""
        self.show(figures.dollars(picos), figures.dollars_exact(picos))


def text(content: str = "", classes: str = "", *, tag: str = "span", title: str = "") -> Text:
    """A text element."""
    made = Text(tag=tag, text=content)
    made.classes(classes)
    if title:
        made.props["title"] = title
    return made


def box(classes: str, *, tag: str = "div") -> ui.element:
    """An element that only arranges others."""
    return ui.element(tag).classes(classes)


def card(title: str, note: str = "", *, classes: str = "") -> ui.element:
    """A titled section; put its contents into what is returned."""
    with box(f"card {classes}", tag="section") as section:
        section.props["aria-label"] = title
        with box("card-head"):
            text(title, "card-title", tag="h2")
            if note:
                text(note, "card-note")
        return box("card-body")
