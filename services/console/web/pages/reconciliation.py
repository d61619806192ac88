"""Reconciliation: metered spend beside what providers billed, each difference explained or named unexplained."""

from __future__ import annotations

from finops.ledger.v1.ledger_pb2 import BillLine, BillProvider, ReconcileBillResponse, SuspiciousUse
from nicegui import ui

from services.common.clock import DAY
from services.common.errors import InvalidArgumentError
from services.common.money import from_proto
from services.console.domain import bill_words, figures
from services.console.domain.bill import BillQuery
from services.console.domain.cost_query import all_of, equals
from services.console.domain.periods import Range, zone
from services.console.handlers.listing import MAX_ITEMS
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.stat import Stat
from services.console.web.components.table import Column, DataTable, Row, money, number
from services.console.web.components.text import box, card, text
from services.console.web.pages import cost_entries, links
from services.console.web.pages.bill_choices import RANGES, SHOWN, Choices
from services.console.web.shell import Page
from services.console.web.visit import Visit

_UTC = zone("UTC")
_PROVIDERS = [
    Column("provider", "Provider", "title"),
    Column("days", "Days reported", "number", minor=True),
    Column("last", "Last report", minor=True),
    Column("metered", "Metered", "number", minor=True),
    Column("reported", "Reported", "number", minor=True),
    Column("difference", "Difference", "number"),
    Column("unexplained", "Unexplained", "number"),
]
_CAUSES = [
    Column("cause", "Cause", "title", sortable=False),
    Column("amount", "Amount", "number", sortable=False),
]
_LINES = [
    Column("day", "Day"),
    Column("provider", "Provider", minor=True),
    Column("account", "Project, key", minor=True),
    Column("model", "Model"),
    Column("metered", "Metered", "number", minor=True),
    Column("reported", "Reported", "number", minor=True),
    Column("difference", "Difference", "number"),
    Column("why", "Explained by", minor=True),
]
_SUSPICIOUS = [
    Column("model", "Model", "title"),
    Column("source", "Source", minor=True),
    Column("price", "Price", minor=True),
    Column("events", "Events", "number"),
    Column("tokens", "Tokens", "number"),
    Column("last", "Last"),
]
_POLLER = (
    "# docs/connectors/pollers.md tells the settings of each vendor\n"
    'AIFINOPS_CONNECTORS__POLLERS=\'[{"type": "openai-costs"}]\' aifinops up'
)


async def build(visit: Visit) -> None:
    """The page."""
    await _Reconciliation(visit).build()


class _Reconciliation:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._choices = Choices.of(visit.request.query_params)
        self._lines: list[BillLine] = []
        self._suspicious: list[SuspiciousUse] = []
        self._query = BillQuery(0, 0)

    async def build(self) -> None:
        self._live = Live(self._visit, self._refresh)
        self._controls()
        self._wrong = text("", "dialog-alert", tag="p").props('role="alert"')
        with box("stats"):
            self._metered = Stat("Metered", "What came in as events: this is spend")
            self._reported = Stat("Reported", "What providers say; compared with spend, never added to it")
            self._difference = Stat("Difference", "Reported minus metered")
            self._unexplained = Stat("Unexplained", "The part of the difference that no rule explains")
        with box("grid grid-main"):
            with card("By provider"):
                self._providers = DataTable(_PROVIDERS, "By provider", on_open=self._choose_provider)
            with card("How the difference is explained"):
                self._causes = DataTable(_CAUSES, "How the difference is explained")
                self._no_causes = text("Metered and reported agree to the picodollar.", "card-quiet", tag="p")
        with box("card card-flush", tag="section"):
            with box("card-head"):
                text("Line by line", "card-title", tag="h2")
                self._count = text("", "card-note")
            self._table = DataTable(_LINES, "Lines of the bill", on_open=self._open, page_size=25)
            self._nothing = text("", "card-quiet", tag="p")
        self._free = box("stack")
        with self._free, card("Tokens that cost nothing", "priced, answered, and yet zero: as a rule a wrong price"):
            self._suspects = DataTable(_SUSPICIOUS, "Tokens that cost nothing", on_open=self._open_suspicious)
        self._no_reports = notices.empty(
            "o_balance",
            "No provider reports its costs yet",
            "There is something to compare once a poller of costs is on, or bills are read as files (FOCUS).",
            _POLLER,
        )
        self._no_reports.set_visibility(False)
        await self._live.first()

    def _controls(self) -> None:
        choices = self._choices
        with box("controls", tag="form") as form:
            form.props["aria-label"] = "What to compare"
            form.on("submit", js_handler="(e) => e.preventDefault()")
            period = ui.select(RANGES, label="UTC days", value=choices.range).classes("field field-m")
            with box("custom-range") as custom:
                start = ui.input("From", value=choices.start).props("type=date stack-label").classes("field field-s")
                end = ui.input("Until before", value=choices.end).props("type=date stack-label")
                end.classes("field field-s")
            custom.bind_visibility_from(period, "value", value="custom")
            provider = ui.select(
                _options(choices.provider), label="Provider", value=choices.provider, with_input=True
            ).classes("field field-s")
            shown = ui.select(SHOWN, label="Show", value=choices.shown).classes("field field-m")
        for element in (period, start, end, provider, shown):
            element.props("outlined dense")

        async def changed() -> None:
            choices.range, choices.shown = period.value, shown.value
            choices.start, choices.end = start.value or "", end.value or ""
            choices.provider = provider.value or ""
            ui.navigate.history.replace(f"/reconciliation?{choices.query_string()}")
            await self._live.refresh()

        for chosen in (period, provider, shown):
            chosen.on_value_change(changed)
        for entered in (start, end):
            entered.on("change", changed)
        self._provider = provider

    async def _refresh(self) -> None:
        try:
            self._query = self._choices.query(self._visit.now())
            found = await self._visit.peers.reconcile_bill(self._visit.caller, self._query.request())
        except InvalidArgumentError as error:
            self._wrong.show(error.message)
            return
        self._wrong.show("")
        self._show(found)

    def _show(self, found: ReconcileBillResponse) -> None:
        total = bill_words.sums(found.providers)
        span = Range(self._query.start, self._query.end)
        days = f"{figures.day(span.start, _UTC)} to {figures.day(span.end - 1, _UTC)}, UTC"
        self._metered.show_money(total.metered, days)
        self._reported.show_money(total.reported)
        self._difference.show_money(total.difference)
        self._unexplained.show_money(
            total.unexplained, "Look at the lines below" if total.unexplained else "All is explained",
            "up" if total.unexplained else "down",
        )  # fmt: skip
        self._providers.show([self._provider_row(each) for each in found.providers])
        self._causes.show(_cause_rows(total))
        self._no_causes.set_visibility(bool(found.providers) and not total.causes)
        self._offer({each.provider for each in found.providers})
        self._show_lines(found)
        self._suspicious = list(found.suspicious)
        self._suspects.show([self._suspicious_row(i, each) for i, each in enumerate(found.suspicious)])
        self._free.set_visibility(bool(found.suspicious))
        self._no_reports.set_visibility(not any(each.days_reported for each in found.providers))

    def _show_lines(self, found: ReconcileBillResponse) -> None:
        passing = [line for line in found.lines if self._choices.passes(list(line.explanations))]
        passing.sort(key=_urgency)
        self._lines = passing[:MAX_ITEMS]
        self._table.show([_line_row(index, line) for index, line in enumerate(self._lines)])
        self._table.set_visibility(bool(passing))
        left = f", the {MAX_ITEMS:,} that differ most are shown" if len(passing) > MAX_ITEMS else ""
        self._count.show(f"{len(passing):,} of {figures.plural(len(found.lines), 'line')}{left}")
        self._nothing.show(
            "" if passing else "No such line: choose “Every line” above." if found.lines
            else "Nothing was metered or billed in these days: choose others."
        )  # fmt: skip

    def _offer(self, providers: set[str]) -> None:
        known = _options(*self._provider.options, *providers)
        if known != self._provider.options:
            self._provider.set_options(known, value=self._choices.provider)

    async def _choose_provider(self, provider: str) -> None:
        self._provider.set_value("" if self._choices.provider == provider else provider)

    async def _open(self, row_id: str) -> None:
        line = self._lines[int(row_id)]
        title = " · ".join(filter(None, (line.provider, line.project, line.key, line.model)))
        day = Range(line.day_unix_micros, line.day_unix_micros + DAY)
        shown = f"{title}, {figures.day(day.start, _UTC)}"
        await cost_entries.show(self._visit, shown, day, bill_words.condition(line))

    async def _open_suspicious(self, row_id: str) -> None:
        use = self._suspicious[int(row_id)]
        condition = all_of(*(equals(name, getattr(use, name)) for name in ("provider", "model", "source")))
        span = Range(self._query.start, self._query.end)
        await cost_entries.show(self._visit, f"{use.provider} · {use.model}", span, condition)

    def _provider_row(self, found: BillProvider) -> Row:
        last = found.last_report_unix_micros
        unexplained = bill_words.part(found.explanations, bill_words.UNEXPLAINED)
        span = Range(self._query.start, self._query.end)
        return {
            "id": found.provider,
            "provider": {
                "t": found.provider,
                "href": links.costs(span, ("model",), equals("provider", found.provider)),
            },
            "days": {"t": f"{found.days_reported} of {found.days}", "s": found.days_reported},
            "last": {"t": figures.ago(last, self._visit.now()) if last else "never", "s": last},
            "metered": money(from_proto(found.metered)),
            "reported": money(from_proto(found.reported)),
            "difference": money(from_proto(found.difference)),
            "unexplained": {**money(unexplained), "tone": "up" if unexplained else ""},
        }

    def _suspicious_row(self, index: int, use: SuspiciousUse) -> Row:
        return {
            "id": str(index),
            "model": {"t": use.model, "t2": use.provider},
            "source": {"t": use.source},
            "price": {"t": use.price_id, "t2": use.service_tier or "standard"},
            "events": number(use.events),
            "tokens": number(use.tokens),
            "last": {"t": figures.ago(use.last_unix_micros, self._visit.now()), "s": use.last_unix_micros},
        }


def _options(*providers: str) -> dict[str, str]:
    return {"": "Every provider", **{provider: provider for provider in sorted({*providers} - {""})}}


def _urgency(line: BillLine) -> tuple[int, int, int]:
    """What nothing explains first, then the largest difference, then the newest."""
    unexplained = bill_words.part(line.explanations, bill_words.UNEXPLAINED)
    return -abs(unexplained), -abs(from_proto(line.difference)), -line.day_unix_micros


def _cause_rows(total: bill_words.Sums) -> list[Row]:
    return [
        {
            "id": str(int(cause)),
            "cause": {"t": title, "t2": meaning, "x": meaning},
            "amount": {**money(total.causes[cause]), "tone": "up" if cause == bill_words.UNEXPLAINED else ""},
        }
        for cause, (title, meaning) in bill_words.CAUSES.items()
        if cause in total.causes
    ]


def _line_row(index: int, line: BillLine) -> Row:
    explained = [
        f"{bill_words.name(each.cause)} {figures.dollars(from_proto(each.amount))}" for each in line.explanations
    ]
    unexplained = bill_words.part(line.explanations, bill_words.UNEXPLAINED)
    return {
        "id": str(index),
        "day": {"t": figures.short_day(line.day_unix_micros, _UTC), "s": line.day_unix_micros},
        "provider": {"t": line.provider, "t2": line.cost_source or "no report", "x": _sources(line)},
        "account": {"t": line.project or line.key or "–", "t2": line.key if line.project else ""},
        "model": {"t": line.model or "–"},
        "metered": money(from_proto(line.metered)),
        "reported": money(from_proto(line.reported)),
        "difference": money(from_proto(line.difference)),
        "why": {"t": "; ".join(explained) or "–", "x": "; ".join(explained), "tone": "up" if unexplained else ""},
    }


def _sources(line: BillLine) -> str:
    amounts = f"amounts from {line.cost_source}" if line.cost_source else "no report tells of this day"
    return amounts + (f", tokens from {line.usage_source}" if line.usage_source else "")


PAGE = Page("/reconciliation", "Reconciliation", build, "o_balance", "Metered spend against what providers billed")
