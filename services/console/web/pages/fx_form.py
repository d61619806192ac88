"""Adding an exchange rate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from finops.pricing.v1 import pricing_pb2 as pb
from nicegui import ui

from services.common.clock import Micros
from services.common.errors import InvalidArgumentError
from services.console.domain import contract_texts
from services.console.web.components import dialogs
from services.console.web.components.text import box, text
from services.console.web.visit import Visit


def add(visit: Visit, refresh: Callable[[], Awaitable[None]]) -> None:
    """Asks for a rate of one day; put again it corrects the one before."""
    dialog, body = dialogs.ask("Exchange rate")
    with body:
        with box("form-row"):
            currency = _input("Currency", "", "EUR").props("autofocus")
            day = _input("From this UTC day on", contract_texts.write_day(visit.now()), "").props("type=date")
        with box("form-row"):
            rate = _input("US dollars for one unit", "", "1.0834")
            source = _input("Who says so", "", "ECB")
        text("It counts for what is rated from now on. Many at once: aifinops contracts put-rates.", "dialog-text")

        async def save() -> bool:
            made = pb.FxRate(
                currency_code=currency.value.strip().upper(),
                day_unix_micros=_day(day.value or ""),
                usd_per_unit=rate.value.strip(),
                source=source.value.strip(),
            )
            await visit.peers.put_fx_rates(visit.caller, pb.PutFxRatesRequest(rates=[made]))
            await refresh()
            return True

        dialogs.buttons(dialog, "Add rate", save)
    dialog.open()


def _day(entered: str) -> Micros:
    try:
        return contract_texts.read_day(entered, "Day")
    except ValueError as error:
        raise InvalidArgumentError(str(error)) from None


def _input(label: str, value: str, example: str) -> ui.input:
    return ui.input(label, value=value, placeholder=example).props("outlined dense stack-label").classes("field")
