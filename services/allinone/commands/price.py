"""`aifinops price`: what given use would cost on one model, or on several, the cheapest first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED, RATING_STATUS_UNPRICED, Rating
from finops.pricing.v1.pricing_pb2 import QuotedOption, QuoteOption, QuoteRequest, QuoteResponse
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.usage.v1.usage_pb2 import Quantities

from services.allinone.commands.common import WRONG_USAGE, Format, fail, lined_up, run, settings_of
from services.allinone.commands.prices import PriceSettings
from services.common import cost_lines
from services.common.clock import Micros, SystemClock, format_rfc3339, parse_rfc3339
from services.common.dimensions import BUCKETS, quantities_of
from services.common.errors import InvalidArgumentError
from services.common.grpc.client import Channel, call
from services.common.money import MAX_INT64, format_dollars
from services.common.settings import load
from services.pricing.adapters.refresh import open_book
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.quote import quote

_STATUS = {RATING_STATUS_PRICED: "priced", RATING_STATUS_UNPRICED: "unpriced"}


def price_command(
    provider: Annotated[str, typer.Option("--provider", help="As events name it: openai, anthropic, azure ...")] = "",
    model: Annotated[str, typer.Option("--model", help="As events name it")] = "",
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="PROVIDER/MODEL", help="Another one; as often as you like")
    ] = None,
    input_: Annotated[int, typer.Option("--input", min=0, help="Input tokens, without cached ones")] = 0,
    output: Annotated[int, typer.Option("--output", min=0, help="Output tokens, without reasoning")] = 0,
    cache_read: Annotated[int, typer.Option("--cache-read", min=0, help="Input tokens read from a cache")] = 0,
    cache_write: Annotated[int, typer.Option("--cache-write", min=0, help="Input tokens written to a cache")] = 0,
    cache_write_1h: Annotated[int, typer.Option("--cache-write-1h", min=0, help="Those kept there for an hour")] = 0,
    reasoning: Annotated[int, typer.Option("--reasoning", min=0, help="Reasoning tokens")] = 0,
    requests: Annotated[
        int, typer.Option("--requests", min=1, help="How many requests this is: prices by length go by their mean")
    ] = 1,
    more: Annotated[
        list[str] | None, typer.Option("--quantity", metavar="BUCKET=NUMBER", help=f"Another of: {', '.join(BUCKETS)}")
    ] = None,
    tier: Annotated[str, typer.Option("--tier", help="Service tier as served: flex, priority ...")] = "",
    batch: Annotated[bool, typer.Option("--batch", help="As requests of a batch")] = False,
    region: Annotated[str, typer.Option("--region", help="Where it runs, as events name it")] = "",
    at: Annotated[str, typer.Option("--at", help="RFC 3339 time", show_default="now")] = "",
    form: Annotated[Format, typer.Option("--format")] = Format.TABLE,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Folder of a running `aifinops up`: its contracts count", show_default="list prices"
        ),
    ] = None,
) -> None:
    """What would this cost? Works without a platform, with the price list in this installation.

    Exit code 1: none of the models has a price.
    """
    request = QuoteRequest(
        quantities=_quantities(
            more or [],
            input_tokens=input_,
            output_tokens=output,
            cache_read_tokens=cache_read,
            cache_write_tokens=cache_write,
            cache_write_1h_tokens=cache_write_1h,
            reasoning_tokens=reasoning,
            requests=requests,
        ),
        options=[
            QuoteOption(provider=p, model=m, service_tier=tier, batch=batch, region=region)
            for p, m in _models(provider, model, compare or [])
        ],
        time_unix_micros=_moment(at),
    )
    try:
        answer = _offline(request) if data is None else run(_of_platform(data, request))
    except InvalidArgumentError as error:
        fail(error.message, WRONG_USAGE)
    if form is Format.JSON:
        typer.echo(json.dumps(_told(request, answer), indent=1))
    else:
        _print(request, answer)
    if all(quoted.rating.status == RATING_STATUS_UNPRICED for quoted in answer.quotes):
        fail("none of these has a price: `aifinops prices list` shows the names that do")


def _models(provider: str, model: str, compare: list[str]) -> list[tuple[str, str]]:
    """What is asked for, each once."""
    if bool(provider) != bool(model):
        fail(f"--{'model' if provider else 'provider'} is missing: they go together", WRONG_USAGE)
    wanted = [(provider, model)] if provider else []
    for text in compare:
        name, _, rest = text.partition("/")
        if not name or not rest:
            fail(f"--compare {text!r}: write PROVIDER/MODEL, such as anthropic/claude-sonnet-4-5", WRONG_USAGE)
        wanted.append((name, rest))
    if not wanted:
        fail("name a model: --provider openai --model gpt-4o, or --compare openai/gpt-4o", WRONG_USAGE)
    return list(dict.fromkeys(wanted))


def _quantities(more: list[str], **amounts: int) -> Quantities:
    for text in more:
        bucket, _, number = text.partition("=")
        if bucket not in BUCKETS:
            fail(f"--quantity {text!r}: no bucket {bucket!r}; there are {', '.join(BUCKETS)}", WRONG_USAGE)
        if not number.isdecimal():
            fail(f"--quantity {text!r}: write {bucket}=NUMBER, a whole number of at least 0", WRONG_USAGE)
        amounts[bucket] = int(number)
    for bucket, amount in amounts.items():
        if amount > MAX_INT64:
            fail(f"{bucket}: {amount} is more than can be counted ({MAX_INT64})", WRONG_USAGE)
    if not any(amount for bucket, amount in amounts.items() if bucket != "requests"):
        fail("say how much: --input 1000 --output 200, or --quantity BUCKET=NUMBER", WRONG_USAGE)
    return quantities_of(amounts)


def _moment(at: str) -> Micros:
    try:
        return parse_rfc3339(at) if at else SystemClock().now()
    except ValueError as error:
        fail(f"--at: {error}", WRONG_USAGE)


def _offline(request: QuoteRequest) -> QuoteResponse:
    options = load(PriceSettings).pricing
    opening = open_book(options.book, SystemClock().now())
    return quote(Pricer(opening.edition.book, options.shadow.prices()), request, "", request.time_unix_micros)


async def _of_platform(data: Path, request: QuoteRequest) -> QuoteResponse:
    settings = settings_of(data)
    channel = Channel(settings.peers.pricing)
    try:
        stub = PricingServiceStub(channel.channel())
        return await call(stub.Quote, request, key=settings.auth.admin_key.get_secret_value())
    finally:
        await channel.stop()


def _name(quoted: QuotedOption) -> str:
    return f"{quoted.option.provider}/{quoted.option.model}"


def _status(rating: Rating) -> str:
    return _STATUS.get(rating.status, f"without {', '.join(rating.unpriced_buckets)}")


def _print(request: QuoteRequest, answer: QuoteResponse) -> None:
    many = len(answer.quotes) > 1
    if many:
        rows = [
            (_name(quoted), _cost(quoted.rating), _status(quoted.rating), quoted.rating.price_id)
            for quoted in answer.quotes
        ]
        for line in lined_up([("model", "dollars", "status", "price"), *rows]):
            typer.echo(line)
    for quoted in answer.quotes:
        rating = quoted.rating
        if many:
            typer.echo("")
        cost = "" if rating.status == RATING_STATUS_UNPRICED else f"{_cost(rating)} dollars, "
        typer.echo(f"{_name(quoted)}: {cost}{_status(rating)}")
        lines = [
            (line.bucket, f"{line.quantity:,}", format_dollars(cost_lines.price(line)),
             format_dollars(line.cost_picos))
            for line in rating.lines
        ]  # fmt: skip
        if lines:
            for text in lined_up([("bucket", "quantity", "dollars per million", "dollars"), *lines]):
                typer.echo(f"  {text}")
        for assumption in rating.assumptions:
            typer.echo(f"  note: {assumption}")
    moment = format_rfc3339(request.time_unix_micros)
    typer.echo(f"{answer.price_book_version}, at {moment}")


def _cost(rating: Rating) -> str:
    return "-" if rating.status == RATING_STATUS_UNPRICED else format_dollars(rating.cost_picos)


def _told(request: QuoteRequest, answer: QuoteResponse) -> dict[str, Any]:
    return {
        "version": answer.price_book_version,
        "time": format_rfc3339(request.time_unix_micros),
        "quotes": [
            {
                "provider": quoted.option.provider,
                "model": quoted.option.model,
                "status": _STATUS.get(quoted.rating.status, "partial"),
                "dollars": None
                if quoted.rating.status == RATING_STATUS_UNPRICED
                else format_dollars(quoted.rating.cost_picos),
                "price": quoted.rating.price_id,
                "unpriced_buckets": list(quoted.rating.unpriced_buckets),
                "lines": [
                    {
                        "bucket": line.bucket,
                        "quantity": line.quantity,
                        "dollars_per_million": format_dollars(cost_lines.price(line)),
                        "dollars": format_dollars(line.cost_picos),
                    }
                    for line in quoted.rating.lines
                ],
                "notes": list(quoted.rating.assumptions),
            }
            for quoted in answer.quotes
        ],
    }
