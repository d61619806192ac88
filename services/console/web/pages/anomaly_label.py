"""What people said of an anomaly, and the buttons to say it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Label, LabelAnomalyRequest
from nicegui import ui

from services.common.auth import Access
from services.console.domain import figures
from services.console.web.components import dialogs
from services.console.web.components.text import box, card, text
from services.console.web.visit import Visit

Refresh = Callable[[], Awaitable[None]]

_CHOICES = {
    Label.VERDICT_CONFIRMED: (
        "It was right",
        "Its hours stay out of what the series learns, however long it lasts.",
    ),
    Label.VERDICT_EXPECTED: (
        "Expected from now on",
        "It closes, and what the series did then is its new usual.",
    ),
    Label.VERDICT_FALSE: (
        "False alarm",
        "It closes, its hours are learned as usual ones, and the series needs more evidence to alarm again.",
    ),
}
_SAID = {
    Label.VERDICT_CONFIRMED: "It was right",
    Label.VERDICT_EXPECTED: "Expected from now on",
    Label.VERDICT_FALSE: "A false alarm",
}


class LabelCard:
    """A card of the anomaly's page; viewers see what was said and no buttons."""

    def __init__(self, visit: Visit, refresh: Refresh) -> None:
        self._visit = visit
        self._refresh = refresh
        self._name = ""
        with card("Was it right?"):
            self._said = text("", "card-quiet", tag="p")
            self._note = text("", "card-quiet", tag="p")
            with box("page-actions") as buttons:
                for verdict, (label, _) in _CHOICES.items():
                    ui.button(label, on_click=lambda verdict=verdict: self._ask(verdict)).props("flat no-caps").classes(
                        "button"
                    )
                self._back = ui.button("Take back", on_click=self._take_back).props("flat no-caps").classes("button")
        buttons.set_visibility(visit.may(Access.EDIT))

    def show(self, found: Anomaly) -> None:
        """What stands of this anomaly."""
        label, visit = found.label, self._visit
        self._name = found.name
        said = _SAID.get(label.verdict)
        if said is None:
            self._said.show("Nobody said anything yet. What you say teaches the series.")
        else:
            when = figures.moment(label.label_unix_micros, visit.time_zone)
            self._said.show(f"{said}, said {label.author}, {when}.")
        self._note.show(label.note)
        self._note.set_visibility(bool(label.note))
        self._back.set_visibility(said is not None)

    def _ask(self, verdict: Label.Verdict) -> None:
        title, consequence = _CHOICES[verdict]
        dialog, body = dialogs.ask(title)
        with body:
            text(consequence, "dialog-text", tag="p")
            note = ui.textarea("Note, for those who read it later")
            note.props("outlined dense autogrow autofocus maxlength=1000").classes("field")

            async def send() -> bool:
                await self._say(verdict, (note.value or "").strip())
                return True

            dialogs.buttons(dialog, "Save", send)
        dialog.open()

    def _take_back(self) -> None:
        async def send() -> None:
            await self._say(Label.VERDICT_UNSPECIFIED, "")

        consequence = "What the series learned from it is learned anew without it; an anomaly that closed stays closed."
        dialogs.confirm("Take back", consequence, "Take back", send)

    async def _say(self, verdict: Label.Verdict, note: str) -> None:
        request = LabelAnomalyRequest(name=self._name, verdict=verdict, note=note)
        await self._visit.peers.label_anomaly(self._visit.caller, request)
        await self._refresh()
