"""The second catalogue: LiteLLM's model_prices_and_context_window.json, or its copy in an installed litellm wheel."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from services.common.money import PICOS_PER_DOLLAR, UNITS_PER_MILLION, Picos, round_half_even
from services.pricing.adapters.price_book.reading import MalformedCopyError
from services.pricing.domain.names import Catalogue
from services.pricing.domain.quarantine import Quotes

_BUCKETS: Mapping[str, tuple[str, Fraction]] = {
    "input_cost_per_token": ("input_tokens", Fraction(1)),
    "output_cost_per_token": ("output_tokens", Fraction(1)),
    "cache_read_input_token_cost": ("cache_read_tokens", Fraction(1)),
    "cache_creation_input_token_cost": ("cache_write_tokens", Fraction(1)),
    "cache_creation_input_token_cost_above_1hr": ("cache_write_1h_tokens", Fraction(1)),
    "output_cost_per_reasoning_token": ("reasoning_tokens", Fraction(1)),
    "input_cost_per_audio_token": ("input_audio_tokens", Fraction(1)),
    "output_cost_per_audio_token": ("output_audio_tokens", Fraction(1)),
    "input_cost_per_image_token": ("input_image_tokens", Fraction(1)),
    "output_cost_per_image_token": ("output_image_tokens", Fraction(1)),
    "input_cost_per_second": ("audio_milliseconds", Fraction(1, 1_000)),
}
"""Its fields, our buckets, and what makes the price of its unit that of ours."""

_KINDS: Mapping[str, str] = {
    "": "", "_batches": "processing=batch", "_flex": "service_tier=flex", "_priority": "service_tier=priority",
}  # fmt: skip

_BACKUP = "model_prices_and_context_window_backup.json"
_MOST_PER_UNIT = Decimal(10) ** 6


def installed_copy() -> Path | None:
    """The catalogue in an installed litellm wheel, which is found without being imported."""
    spec = find_spec("litellm")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = (Path(folder) / _BACKUP for folder in folders)
    return next((path for path in found if path.is_file()), None)


def read_quotes(content: bytes, catalogue: Catalogue) -> Quotes:
    """What it asks for the models that `catalogue` knows, under their price ids.

    A model that has several entries (regions, dated snapshots) gets all of their prices. Zeros are left out: LiteLLM
    writes them where it does not know.

    Raises:
        MalformedCopyError: it is no such catalogue.
    """
    try:
        document = json.loads(content, parse_float=Decimal, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise MalformedCopyError(f"no JSON: {error}") from None
    if not isinstance(document, dict):
        raise MalformedCopyError("the catalogue is no object of models")
    found: dict[str, dict[tuple[str, str], set[Picos]]] = defaultdict(lambda: defaultdict(set))
    for name, entry in document.items():
        price_id = _price_id(name, entry, catalogue) if isinstance(entry, dict) else ""
        if price_id:
            for key, price in _prices(entry):
                found[price_id][key].add(price)
    if not found:
        raise MalformedCopyError("the catalogue has no model that the price book knows")
    return {price_id: {key: frozenset(prices) for key, prices in quotes.items()} for price_id, quotes in found.items()}


def _integer(text: str) -> int:
    if len(text) > 20:
        raise MalformedCopyError(f"a number of {len(text)} digits")
    return int(text)


def _price_id(name: str, entry: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Of the model that an entry means; empty where the book has it not from this very provider."""
    provider = catalogue.provider_id(str(entry.get("litellm_provider", "")).partition("-")[0])
    if provider not in catalogue.providers:
        provider = catalogue.provider_id(str(entry.get("litellm_provider", "")))
    if provider not in catalogue.providers:
        return ""
    prefix, slash, rest = name.partition("/")
    own = rest if slash and catalogue.provider_id(prefix) == provider else name
    resolved = catalogue.resolve(provider, own)
    return resolved.model.price_id if resolved.model is not None and not resolved.resold else ""


def _prices(entry: Mapping[str, Any]) -> list[tuple[tuple[str, str], Picos]]:
    found: list[tuple[tuple[str, str], Picos]] = []
    for field, (bucket, factor) in _BUCKETS.items():
        for suffix, kind in _KINDS.items():
            price = entry.get(field + suffix)
            if isinstance(price, int | Decimal) and _plausible(dollars := Decimal(price)):
                picos = round_half_even(Fraction(dollars) * factor * UNITS_PER_MILLION * PICOS_PER_DOLLAR)
                if picos > 0:
                    found.append(((kind, bucket), picos))
    return found


def _plausible(dollars: Decimal) -> bool:
    """Whether it can be computed with at all."""
    return dollars.is_finite() and 0 < dollars < _MOST_PER_UNIT and dollars.adjusted() > -40
