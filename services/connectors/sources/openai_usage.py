"""OpenAI's organization usage API: tokens and other units by hour, project, user, key and model. Reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from services.connectors.domain.connector import Api, Connector, Unreadable, Window
from services.connectors.domain.event import Event, rfc3339, row_id
from services.connectors.domain.row import Row
from services.connectors.sources import openai_admin

NAME = "openai-usage"

_WHO = ("project_id", "user_id", "api_key_id", "model")


@dataclass(frozen=True)
class _Kind:
    """One of the API's reports."""

    path: str
    group_by: Sequence[str] = _WHO
    tokens: bool = False
    counted: str = ""
    """Its field of something other than tokens."""
    unit: str = ""
    """What that counts, as the tag `unit` says; such units are credits of the tool."""
    divisor: int = 1


_KINDS = (
    _Kind("completions", (*_WHO, "batch", "service_tier"), tokens=True),
    _Kind("embeddings", tokens=True),
    _Kind("moderations", tokens=True),
    _Kind("images", (*_WHO, "size", "source"), counted="images", unit="images"),
    _Kind("audio_speeches", counted="characters", unit="characters"),
    _Kind("audio_transcriptions", counted="seconds", unit="seconds"),
    _Kind("vector_stores", ("project_id",), counted="usage_bytes", unit="megabytes", divisor=10**6),
    _Kind("code_interpreter_sessions", ("project_id",), counted="num_sessions", unit="sessions"),
)

_TIERS = {"default": "standard", "auto": "standard"}


async def pages(api: Api, window: Window, options: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """Every report in turn."""
    for kind in _KINDS:
        path = f"organization/usage/{kind.path}"
        async for page in openai_admin.buckets(api, path, window, "1h", kind.group_by, _maker(kind)):
            yield page


def _maker(kind: _Kind) -> Callable[[Row, datetime], Event]:
    def event(row: Row, start: datetime) -> Event:
        return {
            "id": row_id(kind.path, int(start.timestamp()), *(_told(row, name) for name in kind.group_by)),
            "time": rfc3339(start),
            "source": NAME,
            "provider": "openai",
            "tool": "openai-api",
            "model": row.text("model"),
            "project": row.text("project_id"),
            "user": row.text("user_id"),
            "key": row.text("api_key_id"),
            "batch": row.flag("batch"),
            "service_tier": _TIERS.get(row.text("service_tier"), row.text("service_tier")),
            "tags": _tags(kind, row),
            "usage": _usage(kind, row),
            "measurement": "reported",
        }

    return event


def _told(row: Row, name: str) -> str:
    return str(row.flag(name)).lower() if name == "batch" and row.has(name) else row.text(name)


def _tags(kind: _Kind, row: Row) -> dict[str, str]:
    told = {"report": kind.path, "unit": kind.unit}
    told |= {f"image_{name}": row.text(name) for name in ("size", "source")} if kind.path == "images" else {}
    return {name: value for name, value in told.items() if value}


def _usage(kind: _Kind, row: Row) -> dict[str, int | str]:
    usage: dict[str, int | str] = {"requests": row.count("num_model_requests")}
    if kind.tokens:
        return usage | _tokens(row)
    return usage | {"credits": format(Decimal(row.count(kind.counted)) / kind.divisor, "f")}


def _tokens(row: Row) -> dict[str, int | str]:
    """Disjoint buckets whose sum is the total that is billed.

    The API has two generations of rows. In today's, `input_tokens` and `output_tokens` are of every modality, and the
    modalities of the input are what is neither cached nor written to the cache. In the former, which tells no uncached
    tokens, both totals are of text alone; cached tokens are within the input, audio stands beside it.
    """
    cached, written = row.count("input_cached_tokens"), row.count("input_cache_write_tokens")
    audio, image = row.count("input_audio_tokens"), row.count("input_image_tokens")
    output_audio, output_image = row.count("output_audio_tokens"), row.count("output_image_tokens")
    text = row.count("input_tokens") - cached - written
    output_text = row.count("output_tokens")
    if row.has("input_uncached_tokens") or row.has("input_text_tokens"):
        text -= audio + image
        output_text -= output_audio + output_image
    if text < 0 or output_text < 0:
        raise ValueError("its parts are more than input_tokens or output_tokens, the totals they are parts of")
    return {
        "input_tokens": text,
        "cache_read_tokens": cached,
        "cache_write_tokens": written,
        "input_audio_tokens": audio,
        "input_image_tokens": image,
        "output_tokens": output_text,
        "output_audio_tokens": output_audio,
        "output_image_tokens": output_image,
    }


CONNECTOR = Connector(
    name=NAME,
    title="OpenAI usage report",
    base_url=openai_admin.BASE_URL,
    headers=openai_admin.headers,
    pages=pages,
    grain=timedelta(hours=1),
    settles_after=timedelta(hours=48),
    interval=timedelta(minutes=30),
    history=timedelta(days=30),
    requests_per_minute=openai_admin.REQUESTS_PER_MINUTE,
    options={},
)
