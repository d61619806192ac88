"""`aifinops prices`: the price book in force, what of it is in doubt, and its refreshing."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_settings import BaseSettings

from services.allinone import settings as machine
from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run
from services.allinone.settings import NotRunningError
from services.common import log
from services.common.clock import Micros, SystemClock, format_rfc3339, parse_rfc3339
from services.common.settings import ServiceSettings, TelemetrySettings, load
from services.pricing.adapters.price_book.edition import Edition
from services.pricing.adapters.price_book.fetch import source_of
from services.pricing.adapters.price_book.litellm import installed_copy, read_quotes
from services.pricing.adapters.price_book.reading import MalformedCopyError
from services.pricing.adapters.price_book.refusal import RefusedCopyError
from services.pricing.adapters.refresh import PriceBookKeeper, open_book
from services.pricing.domain.comparison import Comparison, compare, of_provider
from services.pricing.domain.names import Resolved
from services.pricing.domain.plans import Plan
from services.pricing.domain.quarantine import Accepted, Outlier, short_dollars
from services.pricing.domain.rating import Pricer
from services.pricing.settings import BookOptions, PricingOptions

app = typer.Typer(no_args_is_help=True, help="The price book: what it says, what of it is in doubt, refreshing it.")

DIFFERENCES = 3
OUTLIERS = 4

Provider = Annotated[str, typer.Option("--provider", help="Only this provider's")]
Format = Annotated[str, typer.Option("--format", help="table or json")]
Second = Annotated[
    str,
    typer.Option("--catalogue", help="URL or file of LiteLLM's catalogue; default: the setting, or litellm's wheel"),
]


class PriceSettings(BaseSettings):
    """Nothing but pricing's own: the book can be looked at without a platform."""

    model_config = ServiceSettings.model_config
    pricing: PricingOptions = PricingOptions()


@dataclass(frozen=True)
class _Opened:
    options: BookOptions
    pricing: PricingOptions
    edition: Edition
    second: bytes
    now: Micros


@app.command("list")
def list_command(provider: Provider = "", form: Format = "table", data: DataOption = None) -> None:
    """The list's standard prices in force now."""
    opened = _open(data, form)
    pricer = _pricer(opened)
    wanted = opened.edition.book.catalogue.provider_id(provider) if provider else ""
    rows = [
        _price(plan, model.price_id, bucket)
        for model in opened.edition.book.catalogue.models()
        if not wanted or model.provider == wanted
        for plan in (pricer.schedule("", model.provider, model.model, "", False).at(opened.now),)
        for bucket in plan.levels[0]
    ]
    _print(rows, form, ["price", "bucket", "dollars_per_million", "above"])


@app.command()
def show(
    provider: Annotated[str, typer.Argument(help="As events name it")],
    model: Annotated[str, typer.Argument(help="As events name it")],
    tier: Annotated[str, typer.Option("--tier", help="Service tier as served: flex, priority ...")] = "",
    batch: Annotated[bool, typer.Option("--batch", help="Of a request in a batch")] = False,
    at: Annotated[str, typer.Option("--at", help="RFC 3339 time; default: now")] = "",
    form: Format = "table",
    data: DataOption = None,
) -> None:
    """What a model costs at list price, and where that is from."""
    opened = _open(data, form)
    try:
        moment = parse_rfc3339(at) if at else opened.now
    except ValueError as error:
        fail(f"--at: {error}", WRONG_USAGE)
    resolved: Resolved = opened.edition.book.catalogue.resolve(provider, model)
    plan = _pricer(opened).schedule("", provider, model, tier, batch).at(moment)
    withheld = [o for o in opened.edition.quarantined if resolved.model and o.price_id == resolved.model.price_id]
    if not plan.levels[0] and not withheld:
        fail(f"no price for provider {provider!r}, model {model!r}: `aifinops prices list` shows the names")
    rows = [_price(plan, plan.price_id, bucket) for bucket in plan.levels[0]]
    notes = [*plan.assumptions, *plan.notes.values()]
    if form == "json":
        told = {
            "version": opened.edition.book.version,
            "time": format_rfc3339(moment),
            "prices": rows,
            "assumptions": notes,
            "quarantined": [_outlier(o) for o in withheld],
        }
        typer.echo(json.dumps(told, indent=1))
        return
    typer.echo(f"{plan.price_id or resolved.provider}, {opened.edition.book.version}, at {format_rfc3339(moment)}")
    _print(rows, form, ["bucket", "dollars_per_million", "above"])
    for note in notes:
        typer.echo(f"note: {note}")
    for outlier in withheld:
        typer.echo(f"quarantined: {outlier.bucket} {_dollars(outlier)}: {outlier.reason}")


@app.command()
def diff(provider: Provider = "", second: Second = "", form: Format = "table", data: DataOption = None) -> None:
    """Compare with LiteLLM's catalogue. Exit code 3: prices differ; 4: some ten times, or are quarantined."""
    opened = _open(data, form)
    catalogue = opened.edition.book.catalogue
    wanted = catalogue.provider_id(provider) if provider else ""
    try:
        quotes = read_quotes(_second(opened, second), catalogue)
    except MalformedCopyError as error:
        fail(f"the second catalogue: {error}")
    models = [model for model in opened.edition.models.values() if not wanted or model.provider == wanted]
    comparison = compare(models, quotes, opened.now)
    outliers = of_provider(opened.edition.quarantined, wanted)
    rows: list[dict[str, Any]] = [
        {
            "price": d.price_id, "kind": d.kind, "bucket": d.bucket, "ours": short_dollars(d.ours),
            "theirs": short_dollars(d.theirs), "ratio": f"{float(d.ratio):.4g}", "finding": d.finding.value,
        }
        for d in comparison.differences
    ]  # fmt: skip
    if form == "json":
        typer.echo(
            json.dumps(
                {
                    "version": opened.edition.book.version,
                    "compared": comparison.compared,
                    "differences": rows,
                    "quarantined": [_outlier(outlier) for outlier in outliers],
                },
                indent=1,
            )
        )
    else:
        _print(rows, form, ["price", "kind", "bucket", "ours", "theirs", "ratio", "finding"])
        if outliers:
            _print([_outlier(outlier) for outlier in outliers], form, _OUTLIER_COLUMNS)
        typer.echo(
            f"{opened.edition.book.version}: {comparison.compared} prices compared, {len(rows)} differ, "
            f"quarantined: {len(outliers)}; dollars for a million units"
        )
    raise typer.Exit(_verdict(comparison, outliers))


@app.command()
def quarantine(provider: Provider = "", form: Format = "table", data: DataOption = None) -> None:
    """Prices that are kept out of use, what counts instead, and how each is accepted."""
    opened = _open(data, form)
    outliers = of_provider(opened.edition.quarantined, opened.edition.book.catalogue.provider_id(provider))
    if outliers or form == "json":
        _print([_outlier(outlier) for outlier in outliers], form, _OUTLIER_COLUMNS)
    if form != "json":
        typer.echo(f"{opened.edition.book.version}: quarantined prices: {len(outliers)}")
        for outlier in outliers:
            typer.echo(f"accept: {', '.join(_acceptances(outlier))}")
        if outliers:
            typer.echo("A price found right goes into AIFINOPS_PRICING__BOOK__ACCEPTED, a JSON list of such texts.")


@app.command()
def refresh(
    source: Annotated[str, typer.Option("--from", help="URL or file; default: AIFINOPS_PRICING__BOOK__SOURCE")] = "",
    data: DataOption = None,
) -> None:
    """Fetch a copy now; a good one is kept in the folder, where a running service takes it up within seconds."""
    opened = _open(data, "table")
    place = source or opened.options.source
    if not place:
        fail("no source: give --from, or set AIFINOPS_PRICING__BOOK__SOURCE", WRONG_USAGE)
    options = opened.options.model_copy(update={"source": place})
    opening = open_book(options, opened.now)
    keeper = PriceBookKeeper(options, opening, lambda book: None, SystemClock())
    try:
        changed = asyncio.run(keeper.refresh())
    except RefusedCopyError as error:
        fail(f"the copy is not taken ({error.refusal.value}): {error}; {keeper.edition.book.version} stays in force")
    edition = keeper.edition
    detail = keeper.health().detail
    typer.echo(
        f"{edition.book.version} {'is in force now' if changed else 'was in force already'}: "
        f"{len(edition.models)} models, quarantined prices: {len(edition.quarantined)}"
    )
    if not options.folder:
        typer.echo("no folder is set (AIFINOPS_PRICING__BOOK__FOLDER): the copy was looked at, and not kept")
    elif detail:
        typer.echo(detail)


_OUTLIER_COLUMNS = ["price", "kind", "bucket", "offered", "in_use", "reason"]


def _open(data: Path | None, form: str) -> _Opened:
    if form not in ("table", "json"):
        fail(f"--format {form!r}: table or json", WRONG_USAGE)
    log.configure(TelemetrySettings(log_level="ERROR", log_format="console"), "aifinops")
    logging.getLogger("services.pricing").setLevel(logging.CRITICAL)  # What goes wrong is told in one line of ours.
    if data is not None:
        try:
            os.environ.update(machine.announced(data.resolve()))
        except NotRunningError as error:
            fail(str(error))
    pricing = load(PriceSettings).pricing
    now = SystemClock().now()
    opening = open_book(pricing.book, now)
    if opening.trouble is not None:
        fail(str(opening.trouble))
    return _Opened(pricing.book, pricing, opening.edition, opening.second, now)


def _pricer(opened: _Opened) -> Pricer:
    return Pricer(opened.edition.book, opened.pricing.shadow.prices())


def _second(opened: _Opened, place: str) -> bytes:
    """The second catalogue: what is asked for, what is set, what was kept, or what litellm's wheel brings."""
    options = opened.options
    chosen = place or options.second_catalogue
    if not chosen and opened.second:
        return opened.second
    chosen = chosen or str(installed_copy() or "")
    source = source_of(chosen, most_bytes=options.most_bytes, timeout_seconds=options.timeout_seconds)
    if source is None:
        fail("no second catalogue: give --catalogue, or set AIFINOPS_PRICING__BOOK__SECOND_CATALOGUE", WRONG_USAGE)
    copy = run(source.fetch(""))
    return copy.content if copy is not None else b""


def _price(plan: Plan, price_id: str, bucket: str) -> dict[str, Any]:
    steps = zip((0, *plan.cliffs), (level[bucket] for level in plan.levels), strict=True)
    told: list[tuple[int, int]] = []
    for above, price in steps:
        if not told or told[-1][1] != price:
            told.append((above, price))
    return {
        "price": price_id,
        "bucket": bucket,
        "dollars_per_million": short_dollars(told[0][1]),
        "above": {str(above): short_dollars(price) for above, price in told[1:]},
    }


def _outlier(outlier: Outlier) -> dict[str, Any]:
    return {
        "price": outlier.price_id,
        "kind": outlier.kind,
        "bucket": outlier.bucket,
        "offered": _dollars(outlier),
        "in_use": ", ".join(short_dollars(price) for _, price in outlier.last_good) or "none: unpriced",
        "reason": outlier.reason,
        "accept": _acceptances(outlier),
    }


def _dollars(outlier: Outlier) -> str:
    return ", ".join(short_dollars(price) for price in outlier.suspect)


def _acceptances(outlier: Outlier) -> list[str]:
    return [str(Accepted(outlier.price_id, outlier.bucket, price)) for price in outlier.suspect]


def _verdict(comparison: Comparison, outliers: list[Outlier]) -> int:
    if outliers or any(d.finding.value == "far off" for d in comparison.differences):
        return OUTLIERS
    return DIFFERENCES if comparison.differences else 0


def _print(rows: list[dict[str, Any]], form: str, columns: list[str]) -> None:
    if form == "json":
        typer.echo(json.dumps(rows, indent=1))
        return
    lines = [[column.replace("_", " ") for column in columns], *([_cell(row[c]) for c in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{price} above {int(above):,} input tokens" for above, price in value.items())
    return str(value)
