"""Which prices are not believed, and why."""

from __future__ import annotations

import pytest

from services.common.clock import DAY
from services.common.money import parse_dollars
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.prices import ALWAYS, Condition, DatedPrices, Ladder, ListedModel, Variant
from services.pricing.domain.quarantine import SANE, Accepted, Outlier, Quotes, in_force, judge, parts, withhold

NOW = 20_000 * DAY


def ladder(*dollars: str) -> Ladder:
    return tuple((position * 200_000, parse_dollars(each)) for position, each in enumerate(dollars))


def listed(*dollars: str, batch: str = "", starts: int | None = None, first: str = "") -> ListedModel:
    """A model's input; `batch`: its price in one; `starts`: since when, after `first`."""
    dated = [DatedPrices(Condition(starts=starts), {"input_tokens": ladder(*dollars)})]
    if first:
        dated.insert(0, DatedPrices(ALWAYS, {"input_tokens": ladder(first)}))
    variants = [Variant({"processing": "batch"}, ALWAYS, {"input_tokens": ladder(batch)})] if batch else []
    return ListedModel("openai", "m", tuple(dated), tuple(variants))


def quoted(*dollars: str, kind: str = "") -> Quotes:
    return {"openai/m": {(kind, "input_tokens"): frozenset(parse_dollars(each) for each in dollars)}}


def found(new: ListedModel, old: ListedModel | None = None, quotes: Quotes | None = None) -> list[str]:
    before = {"openai/m": old} if old is not None else {}
    return [o.reason for o in judge([new], before=before, quotes=quotes or {}, now=NOW).outliers]


def test_every_price_of_the_wheel_is_in_its_range() -> None:
    models = load_price_book().catalogue.models()
    assert judge(models, before={}, quotes={}, now=NOW).outliers == ()
    listed_buckets = {bucket for model in models for part in parts(model) for bucket in part.prices}
    assert listed_buckets <= SANE.keys()


@pytest.mark.parametrize(("dollars", "reasons"), [("0", 1), ("0.0004", 1), ("0.0005", 0), ("500", 0), ("500.01", 1)])
def test_ranges(dollars: str, reasons: int) -> None:
    assert len(found(listed(dollars))) == reasons


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("2", "2", []), ("2", "19.99", []), ("2", "20", ["was 2"]), ("2", "0.2", ["was 2"]), ("2", "0.21", []),
    ],
)  # fmt: skip
def test_ten_times_off_the_price_in_force(old: str, new: str, reasons: list[str]) -> None:
    assert found(listed(new), listed(old)) == reasons


def test_the_second_catalogue_confirms_or_denies() -> None:
    assert found(listed("20"), listed("2"), quoted("20")) == []
    assert found(listed("20"), listed("2"), quoted("2")) == ["the second catalogue has 2"]
    assert found(listed("20"), None, quoted("2", "200")) == ["the second catalogue has 2"]
    assert found(listed("20"), None, quoted("2", "21")) == []
    assert found(listed("20"), None, quoted("2", kind="processing=batch")) == []


def test_what_is_in_force_stays_whatever_the_catalogue_says_later() -> None:
    assert found(listed("20"), listed("20"), quoted("2")) == []


def test_only_current_prices_are_compared_with_todays_catalogue() -> None:
    assert found(listed("2", starts=NOW - DAY, first="20"), None, quoted("2")) == []
    assert found(listed("2", starts=NOW + DAY, first="20"), None, quoted("2")) == ["the second catalogue has 2"]
    assert found(listed("2", "20"), None, quoted("2")) == []


def test_batch_prices_are_judged_by_batch_prices() -> None:
    (outlier,) = judge(
        [listed("2", batch="100")], before={"openai/m": listed("2", batch="1")}, quotes={}, now=NOW
    ).outliers
    assert (outlier.kind, outlier.last_good) == ("processing=batch", ladder("1"))


def test_a_new_date_takes_over_the_last_good_price_of_its_kind() -> None:
    new = listed("2000", starts=NOW - DAY, first="2")
    (outlier,) = judge([new], before={"openai/m": listed("2")}, quotes={}, now=NOW).outliers
    mended = withhold(new, [outlier])
    assert mended.standard(NOW) == {"input_tokens": ladder("2")}
    assert dict.fromkeys([("", "input_tokens", parse_dollars("2"))]) == dict.fromkeys(in_force(mended, NOW))


def test_what_was_quarantined_stays_so_while_the_list_says_the_same() -> None:
    standing = judge([listed("20")], before={}, quotes=quoted("2"), now=NOW).outliers
    withheld = {"openai/m": withhold(listed("20"), standing)}
    assert withheld["openai/m"].standard(NOW) == {"input_tokens": ()}
    assert judge([listed("20")], before=withheld, quotes={}, standing=standing, now=NOW).outliers == standing
    assert judge([listed("2")], before=withheld, quotes={}, standing=standing, now=NOW).outliers == ()


def test_every_suspect_step_must_be_accepted() -> None:
    (outlier,) = judge([listed("600", "700")], before={}, quotes={}, now=NOW).outliers
    low, high = (Accepted("openai/m", "input_tokens", parse_dollars(each)) for each in ("600", "700"))
    assert outlier.suspect == (low.price, high.price)
    assert not outlier.accepted({low})
    assert outlier.accepted({low, high})


@pytest.mark.parametrize("text", ["openai/gpt-4o:input_tokens=40", "aws/a.b-v1:0:cache_read_tokens=0.003"])
def test_accepted_prices_are_read_as_written(text: str) -> None:
    assert str(Accepted.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "gpt-4o:input_tokens=1", "a/b:tokens=1", "a/b:input_tokens", "a/b:input_tokens=x"]
)
def test_what_is_no_accepted_price(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Accepted.parse(text)


def test_withholding_touches_nothing_else() -> None:
    model = listed("2", batch="1")
    other = Outlier("openai/n", "", ALWAYS, "input_tokens", ladder("2"), (1,), "no reason")
    assert withhold(model, [other]) is model
