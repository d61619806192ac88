"""A copy of the list is read whole or not at all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import DAY, SystemClock, format_rfc3339
from services.common.money import parse_dollars
from services.pricing.adapters.price_book.edition import Limits, fresh_edition, kept_edition, wheel_edition
from services.pricing.adapters.price_book.litellm import installed_copy, read_quotes
from services.pricing.adapters.price_book.reading import MalformedCopyError, read_copy
from services.pricing.adapters.price_book.refusal import RefusedCopyError
from services.pricing.adapters.price_book.shelf import KeptCopy, Shelf
from services.pricing.adapters.price_list import compiled, load_price_book, wheel_providers
from services.pricing.domain.comparison import compare
from services.pricing.domain.prices import Condition
from services.pricing.domain.quarantine import Outlier, parts
from services.pricing.domain.rating import Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.events import usage
from tests.unit.pricing.price_source import document, model, published

NOW = SystemClock().now()


def prices(listings: Any) -> dict[tuple[Any, ...], Any]:
    return {
        (m.price_id, part.kind, part.condition): dict(part.prices)
        for listing in listings for _, m in listing.models for part in parts(m)
    }  # fmt: skip


def test_the_published_list_says_what_the_wheel_says() -> None:
    copied = prices(compiled(read_copy(published())))
    assert copied == prices(compiled(wheel_providers()))
    assert len(copied) > 2_500


def test_a_copy_finds_every_model_by_its_names() -> None:
    book = fresh_edition(
        published(), wheel_edition(b"", (), NOW), b"", (), Limits(least_share=1, most_jumps=0), NOW
    ).book
    wheel = load_price_book()
    for provider in document():
        for entry in provider["models"]:
            ours = book.catalogue.resolve(provider["id"], entry["id"]).model
            theirs = wheel.catalogue.resolve(provider["id"], entry["id"]).model
            assert (ours and ours.price_id) == (theirs and theirs.price_id)


def put(*path: Any, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(listed: Any) -> None:
        at = model(listed, "openai", "gpt-4o")
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("prices", value={"input_mtok": "2.5"}), "'2.5' instead of a number of dollars"),
        (put("prices", value={"input_mtok": True}), "True instead of a number"),
        (put("prices", value={"input_mtok": -1}), "dollars from 0"),
        (put("prices", value={"input_mtok": 10**12}), "dollars from 0"),
        (put("prices", value={"input_mtok": 1e-300}), "decimals"),
        (put("prices", value={"input_mtok": {"base": 1}}), "tiers is None"),
        (put("prices", value={"input_mtok": {"base": 1, "tiers": [{"start": 0, "price": 1}]}}), "rising"),
        (put("prices", value=None), "None instead of an object"),
        (put("prices", value=[{"prices": {}, "constraint": {"until": "2026-01-01"}}]), "a kind not known here"),
        (put("prices", value=[{"prices": {}, "constraint": {"start_date": "soon"}}]), "constraint"),
        (put("match", value={"sounds_like": "x"}), "a rule not known here"),
        (put("match", value={"regex": "("}), "regular expression"),
        (put("match", value={"equals": "a", "contains": "b"}), "2 rules"),
        (put("id", value="gpt-4"), "stands twice"),
        (put("id", value=""), "instead of a text"),
        (put("price_variants", value=[{"when": {}, "prices": {}}]), "when is empty"),
        (lambda listed: listed.clear(), "no providers"),
        (lambda listed: listed[0].pop("models"), "models is None"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: Callable[[list[dict[str, Any]]], None], says: str) -> None:
    with pytest.raises(MalformedCopyError, match=says):
        read_copy(published(change))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"null", b"[]", b"[[]]", b"[NaN]", b"\xff\xfe", b"[" * 100_000, b'[{"id": Infinity}]',
        b"[" + b"9" * 10_000 + b"]", b'[{"id":"a","models":[{"id":"b","match":{"equals":"b"},"prices":'
        b'{"input_mtok":1e999999999}}]}]', b'[{"id":"a","models":[{"id":"b","match":{"equals":"b"},"prices":'
        b'{"input_mtok":1e-999999999}}]}]',
    ],
)  # fmt: skip
def test_bytes_that_are_no_list(content: bytes) -> None:
    with pytest.raises(MalformedCopyError):
        read_copy(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["id", "models", "match", "equals", "or", "regex", "prices", "input_mtok", "base", "tiers",
                         "start", "price", "constraint", "start_date", "when", "price_variants", "prices"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


def offered(content: bytes) -> None:
    try:
        edition = fresh_edition(content, WHEEL, b"", (), Limits(0, 1), NOW)
    except RefusedCopyError:
        return
    Pricer(edition.book, ShadowOptions().prices()).rate(usage("openai", "gpt-4o", input_tokens=1_000), "acme")


WHEEL = wheel_edition(b"", (), NOW)
SMALL = json.dumps([each for each in document() if each["id"] in ("cohere", "voyageai", "deepseek")]).encode()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=80)
def test_no_bytes_crash(content: bytes) -> None:
    offered(content)


@given(st.data())
@settings(max_examples=80)
def test_no_damage_to_a_real_list_crashes(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SMALL) - 1))
    end = data.draw(st.integers(start, min(len(SMALL), start + 40)))
    offered(SMALL[:start] + data.draw(st.binary(max_size=10)) + SMALL[end:])


@given(st.data(), JSON)
@settings(max_examples=80)
def test_no_value_in_any_place_crashes(data: st.DataObject, value: Any) -> None:
    listed = json.loads(SMALL)
    at: Any = listed
    while isinstance(at, dict | list) and at:
        key = data.draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else data.draw(st.integers(0, len(at) - 1))
        if not isinstance(at[key], dict | list) or data.draw(st.integers(0, 4)) == 0:
            at[key] = value
            break
        at = at[key]
    offered(json.dumps(listed).encode())


LITELLM = (installed_copy() or Path()).read_bytes()


@given(st.data())
@settings(max_examples=100)
def test_no_bytes_of_a_second_catalogue_crash(data: st.DataObject) -> None:
    entries = st.dictionaries(
        st.sampled_from(["litellm_provider", "input_cost_per_token", "output_cost_per_token_batches"]),
        st.sampled_from(["openai", "", "aws-x"]) | st.integers() | st.floats() | st.none() | st.lists(st.none()),
    )
    models = st.dictionaries(st.sampled_from(["gpt-4o", "openai/gpt-4o", "", "bedrock/x"]) | st.text(), entries)
    content = data.draw(st.binary(max_size=100) | models.map(lambda value: json.dumps(value).encode()))
    with suppress(MalformedCopyError):
        quotes = read_quotes(content, WHEEL.book.catalogue)
        assert all(price > 0 for asked in quotes.values() for prices in asked.values() for price in prices)


def test_the_second_catalogue_agrees_with_the_first_on_most_prices() -> None:
    quotes = read_quotes(LITELLM, WHEEL.book.catalogue)
    # https://openai.com/api/pricing: gpt-4o $2.50 a million, half of it in batches.
    assert quotes["openai/gpt-4o"]["", "input_tokens"] == {parse_dollars("2.5")}
    assert quotes["openai/gpt-4o"]["processing=batch", "input_tokens"] == {parse_dollars("1.25")}
    # Groq's whisper-large-v3: $0.111 an hour, there a price a second.
    (whisper,) = quotes["groq/whisper-large-v3"]["", "audio_milliseconds"]
    listed = WHEEL.models["groq/whisper-large-v3"].standard(NOW)["audio_milliseconds"][0][1]
    assert abs(whisper - listed) < listed / 1_000
    compared = compare(WHEEL.models.values(), quotes, NOW)
    assert compared.compared > 1_500
    assert len(compared.differences) < compared.compared / 10


POINTER = ["sha256", "etag", "place", "as_of", "confirmed", "outliers"]


@given(st.data())
@settings(max_examples=80)
def test_no_folder_crashes_the_start(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptCopy(SMALL, "1", "here", NOW, NOW, (OUTLIER,))
        Shelf(Path(folder)).put(kept)
        pointer = Path(folder, "in-force.json")
        stated = json.loads(pointer.read_bytes())
        at = data.draw(st.sampled_from([stated, stated["outliers"][0]]))
        at[data.draw(st.sampled_from(sorted(at)))] = data.draw(JSON)
        text = json.dumps(stated)
        pointer.write_text(text[: data.draw(st.sampled_from([len(text), len(text), len(text) // 2]))])
        with suppress(RefusedCopyError):
            found = Shelf(Path(folder)).load()
            assert found is not None
            kept_edition(found.content, found.as_of, found.outliers, (), NOW)


OUTLIER = Outlier(
    "openai/gpt-4o", "", Condition(starts=5, daily=(1, 2)), "input_tokens", ((0, 7),), (7,), "why", ((0, 6),)
)


def test_a_kept_copy_is_read_as_it_was_put(tmp_path: Path) -> None:
    kept = KeptCopy(SMALL, '"1"', "here", NOW, NOW + 1, (OUTLIER,))
    Shelf(tmp_path).put(kept)
    assert Shelf(tmp_path).load() == kept


@pytest.mark.parametrize("days", [0, 1, 30, 400])
def test_a_kept_copy_is_no_older_than_the_same_list_in_the_wheel(days: int) -> None:
    """Prices that a list announced begin on their day in both."""
    later = NOW + days * DAY
    kept = kept_edition(published(), NOW - DAY, (), (), later)
    assert kept.book.as_of == wheel_edition(b"", (), later).book.as_of
    assert kept.book.version.startswith(f"genai-prices-{format_rfc3339(NOW - DAY)[:10]}+")


def test_audio_by_the_hour_has_a_price() -> None:
    pricer = Pricer(WHEEL.book, ShadowOptions().prices())
    # whisper-1: $0.36 an hour (genai-prices 0.2.3); a minute and a half is $0.009.
    rating = pricer.rate(usage("openai", "whisper-1", audio_milliseconds=90_000), "acme")
    assert not rating.unpriced_buckets
    assert rating.cost_picos == parse_dollars("0.009")
