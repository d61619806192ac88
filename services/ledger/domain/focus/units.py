"""How each bucket of a UsageEvent is measured and priced, in the words of FOCUS's unit format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.common.dimensions import TOKEN_BUCKETS

MILLION = 1_000_000


class Unit(NamedTuple):
    """`consumed` of a bucket's own units make one ConsumedUnit, `priced` of them one PricingUnit. Both divide a
    million: so quantities are exact with 6 decimals, and unit price times quantity is the cost to the last digit."""

    consumed_unit: str
    consumed: int
    pricing_unit: str
    priced: int
    words: str
    """What the meter is called, after the model's name. Words that tell readers of bills, ours too, where that ends."""


_WORDS: Mapping[str, str] = {
    "input_tokens": "Input Tokens",
    "cache_read_tokens": "Cached Input Tokens",
    "cache_write_tokens": "Cache Write Input Tokens",
    "cache_write_1h_tokens": "Cache Write 1h Input Tokens",
    "output_tokens": "Output Tokens",
    "reasoning_tokens": "Reasoning Output Tokens",
    "input_audio_tokens": "Audio Input Tokens",
    "output_audio_tokens": "Audio Output Tokens",
    "input_image_tokens": "Image Input Tokens",
    "output_image_tokens": "Image Output Tokens",
}

_OTHERS: Mapping[str, Unit] = {
    "web_searches": Unit("Searches", 1, "1000 Searches", 1_000, "Count of Web Searches"),
    "requests": Unit("Requests", 1, "1000 Requests", 1_000, "Count of Requests"),
    "seats": Unit("Seat-Days", 1, "Seat-Days", 1, "Count of Seats"),
    "credit_micros": Unit("Credits", MILLION, "Credits", MILLION, "Count of Credits"),
    "audio_milliseconds": Unit("Seconds", 1_000, "Seconds", 1_000, "Audio Seconds"),
    "gpu_milliseconds": Unit("GPU-Seconds", 1_000, "GPU-Seconds", 1_000, "Count of GPU Seconds"),
}

AMOUNT = Unit("Charges", 1, "Sums", 1, "Count of Billed Amounts")
"""Of charges that are an amount and no quantity: a vendor's own figure for a request, a booking by hand."""


def unit_of(bucket: str) -> Unit:
    """The unit of a bucket of `finops.usage.v1.Quantities`; of one this version does not know, a count of it."""
    if bucket in _OTHERS:
        return _OTHERS[bucket]
    words = _WORDS.get(bucket, bucket.replace("_", " ").title())
    if bucket in TOKEN_BUCKETS:
        return Unit("Tokens", 1, "1000000 Tokens", MILLION, words)
    return Unit(words, 1, words, 1, words)
