"""A source of price lists: the wheel's list as its publisher writes it, and a real HTTP server that hands it out."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from genai_prices import types as source
from genai_prices.data import providers


def document() -> list[dict[str, Any]]:
    """The wheel's list as a data.json document; each call another copy."""
    return copy.deepcopy(_DOCUMENT)


def published(change: Callable[[list[dict[str, Any]]], object] = lambda _: None) -> bytes:
    """Its bytes, after a change."""
    changed = document()
    change(changed)
    return json.dumps(changed).encode()


def model(listed: list[dict[str, Any]], provider: str, name: str) -> dict[str, Any]:
    """One model of a document."""
    entry = next(each for each in listed if each["id"] == provider)
    return next(each for each in entry["models"] if each["id"] == name)


def times(factor: int) -> Callable[[list[dict[str, Any]]], None]:
    """Every price a number of times higher."""

    def scaled(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v if k in ("start", "constraint", "when") else scaled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [scaled(each) for each in value]
        return value * factor if isinstance(value, int | float) and not isinstance(value, bool) else value

    def change(listed: list[dict[str, Any]]) -> None:
        for provider in listed:
            for entry in provider["models"]:
                for part in ("prices", "price_variants"):
                    if part in entry:
                        entry[part] = scaled(entry[part])

    return change


def _rule(clause: Any) -> dict[str, Any]:
    ((name, value),) = vars(clause).items()
    return {name.rstrip("_"): [_rule(each) for each in value] if isinstance(value, list) else value}


def _number(price: Decimal) -> int | float:
    return int(price) if price == int(price) else float(price)


def _price(price: Decimal | source.TieredPrices) -> Any:
    if isinstance(price, source.TieredPrices):
        tiers = [{"start": tier.start, "price": _number(tier.price)} for tier in price.tiers]
        return {"base": _number(price.base), "tiers": tiers}
    return _number(price)


def _prices(prices: source.ModelPrice) -> dict[str, Any]:
    return {name: _price(price) for name, price in vars(prices).items() if price is not None}


def _constraint(constraint: Any) -> dict[str, str]:
    return {name: value.isoformat() for name, value in vars(constraint).items()}


def _part(part: Any) -> dict[str, Any]:
    stated: dict[str, Any] = {"prices": _prices(part.prices)}
    if part.constraint is not None:
        stated["constraint"] = _constraint(part.constraint)
    if isinstance(part, source.PriceVariant):
        stated["when"] = dict(part.when)
    return stated


def _model(entry: source.ModelInfo) -> dict[str, Any]:
    prices = entry.prices
    stated: dict[str, Any] = {
        "id": entry.id,
        "match": _rule(entry.match),
        "prices": _prices(prices) if isinstance(prices, source.ModelPrice) else [_part(part) for part in prices],
    }
    if entry.price_variants is not None:
        stated["price_variants"] = [_part(part) for part in entry.price_variants]
    return stated


def _provider(entry: source.Provider) -> dict[str, Any]:
    stated: dict[str, Any] = {"id": entry.id, "name": entry.name, "api_pattern": entry.api_pattern}
    for name in ("model_match", "provider_match"):
        if getattr(entry, name) is not None:
            stated[name] = _rule(getattr(entry, name))
    if entry.fallback_model_providers is not None:
        stated["fallback_model_providers"] = entry.fallback_model_providers
    return stated | {"models": [_model(each) for each in entry.models]}


_DOCUMENT = [_provider(entry) for entry in providers]


@dataclass
class Publisher:
    """What the server hands out, and what it was asked."""

    content: bytes
    etag: str = '"1"'
    status: int = 200
    cut: int = 0
    """Bytes kept back of what Content-Length promises."""
    endless: bool = False
    """Sends without end and without a Content-Length."""
    delay: threading.Event | None = None
    """Answers once this is set."""
    asked: list[str] = field(default_factory=list)
    """The If-None-Match of each request."""
    url: str = ""

    def publish(self, content: bytes) -> None:
        """A new copy."""
        self.content, self.etag = content, f'"{int(self.etag.strip(chr(34))) + 1}"'


@contextmanager
def publisher(content: bytes) -> Iterator[Publisher]:
    """A server on a free port."""
    told = Publisher(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("If-None-Match", "")
            told.asked.append(wanted)
            if told.delay is not None:
                told.delay.wait(20)
            with suppress(BrokenPipeError, ConnectionResetError):
                self._answer(wanted)

        def _answer(self, wanted: str) -> None:
            if told.status == 200 and wanted == told.etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(told.status)
            self.send_header("ETag", told.etag)
            if told.endless:
                self.end_headers()
                while True:
                    self.wfile.write(b" " * 65_536)
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content[: len(told.content) - told.cut])

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/data.json"
    try:
        yield told
    finally:
        if told.delay is not None:
            told.delay.set()
        server.shutdown()
        server.server_close()
        thread.join()
