"""Events added up to rows: billing periods, corrections, bounded memory, and the published rules of the columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finops.cost.v1.cost_pb2 import CostLine
from finops.usage.v1.usage_pb2 import CorrectionKind
from hypothesis import given
from hypothesis import strategies as st

from services.common.clock import DAY, Micros, parse_rfc3339
from services.ledger.adapters.export_files import FocusFile
from services.ledger.domain.focus.charges import Amounts, Category
from services.ledger.domain.focus.columns import Version, columns
from services.ledger.domain.focus.periods import Revision, month_of
from services.ledger.domain.focus.rows import row_maker
from services.ledger.domain.focus.sums import Group, Sums
from services.ledger.handlers.export import Format
from tests.unit.ledger import focus_rules
from tests.unit.ledger.focus_reading import read
from tests.unit.ledger.focus_samples import AT, DAY_START, priced, rating, record, samples, with_fields

LATER: Micros = parse_rfc3339("2026-05-20T00:00:00Z")
TOKENS = {"input_tokens": 1_000}
LATE_PRICE = CorrectionKind.CORRECTION_KIND_LATE_PRICE
UNPRICED = record("late", TOKENS, rating(unpriced=("input_tokens",), shadow=5))
PRICED = record("late", TOKENS, priced(TOKENS), revision=2, before=UNPRICED, correction=LATE_PRICE)


def summed(*events: list[Revision], reported: bool = False, most_groups: int = 50_000) -> list[tuple[Group, Amounts]]:
    sums = Sums(reported=reported, closing_days=3, most_groups=most_groups)
    found: list[tuple[Group, Amounts]] = []
    for event in events:
        sums.add(event)
        if sums.full:
            found += sums.take()
    return found + list(sums.take())


def total(found: list[tuple[Group, Amounts]]) -> Amounts:
    made = Amounts()
    for _, amounts in found:
        made = made.plus(amounts)
    return made


def test_months() -> None:
    assert month_of(AT) == (parse_rfc3339("2026-03-01T00:00:00Z"), parse_rfc3339("2026-04-01T00:00:00Z"))
    december = parse_rfc3339("2026-12-31T23:59:59Z")
    assert month_of(december) == (parse_rfc3339("2026-12-01T00:00:00Z"), parse_rfc3339("2027-01-01T00:00:00Z"))


def test_a_revision_of_an_open_month_replaces_what_was_known() -> None:
    [(group, amounts)] = summed([Revision(AT, UNPRICED), Revision(AT + DAY, PRICED)])
    assert (group.correction, group.month) == ("", month_of(AT))
    assert amounts == Amounts(1_000, 2_500_000_000, 2_500_000_000, 2_500_000_000, 2_500_000_000, events=1)


def test_a_month_closes_some_days_after_its_end() -> None:
    end = parse_rfc3339("2026-04-04T00:00:00Z")
    assert all(not group.correction for group, _ in summed([Revision(AT, UNPRICED), Revision(end - 1, PRICED)]))
    assert any(group.correction for group, _ in summed([Revision(AT, UNPRICED), Revision(end, PRICED)]))


def test_a_revision_of_a_closed_month_is_a_correction_billed_when_it_was_made() -> None:
    found = summed([Revision(AT, UNPRICED), Revision(LATER, PRICED)])
    first = [each for each in found if not each[0].correction]
    corrections = [each for each in found if each[0].correction]
    assert total(first) == Amounts(quantity=1_000, events=1, unpriced_events=1, shadow=5)
    assert {(group.correction, group.month) for group, _ in corrections} == {("late_price", month_of(LATER))}
    assert total(corrections) == Amounts(
        0, 2_500_000_000, 2_500_000_000, 2_500_000_000, 2_500_000_000, unpriced_events=-1, shadow=-5
    )


def test_an_event_that_comes_late_is_no_correction() -> None:
    [(group, _)] = summed([Revision(LATER, record("e", TOKENS, priced(TOKENS)))])
    assert (group.correction, group.month) == ("", month_of(AT))


def test_an_event_that_moves_leaves_nothing_behind() -> None:
    moved = record("e", TOKENS, priced(TOKENS), revision=2, before=record("e", TOKENS, priced(TOKENS)), team="ads")
    [(group, _)] = summed([Revision(AT, record("e", TOKENS, priced(TOKENS))), Revision(AT + 1, moved)])
    assert group.charge.attribution.team == "ads"
    found = summed([Revision(AT, record("e", TOKENS, priced(TOKENS))), Revision(LATER, moved)])
    by_team = {(group.correction, group.charge.attribution.team): amounts.effective for group, amounts in found}
    assert by_team == {
        ("", "search"): 2_500_000_000,
        ("source_revision", "search"): -2_500_000_000,
        ("source_revision", "ads"): 2_500_000_000,
    }


def test_a_correction_that_changes_nothing_is_no_row() -> None:
    same = record("e", TOKENS, priced(TOKENS), revision=2, before=record("e", TOKENS, priced(TOKENS)))
    found = summed([Revision(AT, record("e", TOKENS, priced(TOKENS))), Revision(LATER, same)])
    assert [group.correction for group, _ in found] == [""]


def test_reported_and_metered_are_never_together() -> None:
    events = [[Revision(AT, sample)] for sample in samples()]
    [told] = [sample for sample in samples() if sample.usage.source_event_id == "told"]
    assert total(summed(*events, reported=True)).effective == told.rating.cost_picos
    metered = sum(sample.rating.cost_picos for sample in samples()) - told.rating.cost_picos
    assert total(summed(*events)).effective == metered


@pytest.mark.parametrize("most", [1, 7])
def test_little_memory_makes_more_rows_of_the_same_sums(most: int) -> None:
    events = [[Revision(AT, sample)] for sample in samples()]
    whole, parts = summed(*events), summed(*events, most_groups=most)
    assert len(parts) > len(whole)
    assert total(parts) == total(whole)


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("version", list(Version))
def test_files_keep_the_specification_s_rules(tmp_path: Path, version: Version, format: Format) -> None:
    events = [[Revision(AT, sample)] for sample in samples()]
    found = summed(*events, [Revision(AT, UNPRICED), Revision(LATER, PRICED)])
    make = row_maker(version, reported=False)
    path = tmp_path / f"focus.{format.value}"
    with FocusFile(path, format, version) as file:
        file.write([make(DAY_START, *each) for each in found])
    rows = read(path, version)
    assert [*rows[0]] == [column.name for column in columns(version)]
    assert focus_rules.violations(rows, version.value) == []
    assert {row["ChargeCategory"] for row in rows} == {category.value for category in Category}
    unpriced = [row for row in rows if row["x_PricingStatus"] == "Unpriced"]
    assert all("UNPRICED" in row["ChargeDescription"] and row["PricingCategory"] == "Other" for row in unpriced)
    assert sum(row["x_UnpricedEvents"] for row in rows) == 2
    [tagged] = {row["Tags"] for row in rows if row["Tags"] and "feature" in row["Tags"]}
    assert json.loads(tagged) == {"feature": "answers", "näme": 'quo"ted, ünï'}


PICOS = st.integers(-(10**15), 10**15)
VIEWS = st.fixed_dictionaries({}, optional={"list": PICOS, "contracted": PICOS, "billed": PICOS})
LINES = st.lists(
    st.builds(
        CostLine,
        bucket=st.sampled_from(["input_tokens", "output_tokens", "seats", "web_searches"]),
        quantity=st.integers(0, 10**9),
        price_picos_per_million=st.integers(0, 10**9),
        cost_picos=PICOS,
    ),
    unique_by=lambda each: each.bucket,
    max_size=4,
)


@given(
    st.lists(
        st.tuples(LINES, VIEWS, st.sampled_from(["search", "ads"]), st.integers(0, 120 * DAY)), min_size=1, max_size=5
    )
)
def test_rows_add_up_to_the_latest_revision_whatever_came_before(
    made: list[tuple[list[CostLine], dict[str, int], str, int]],
) -> None:
    written = sorted(AT + after for *_, after in made)
    revisions = []
    for number, ((lines, views, team, _), moment) in enumerate(zip(made, written, strict=True), 1):
        rated = with_fields(rating(*lines), {f"{view}_cost_picos": picos for view, picos in views.items()})
        usage = {line.bucket: line.quantity for line in lines}
        revisions.append(Revision(moment, record("e", usage, rated, revision=number, team=team)))
    last = revisions[-1].record
    found = summed(revisions)
    sums = total(found)
    cost = last.rating.cost_picos
    others = [made[-1][1].get(view, cost) for view in ("list", "contracted", "billed")]
    assert [sums.listed, sums.contracted, sums.billed, sums.effective] == [*others, cost]
    assert sums.events == 1
    of_team = total([each for each in found if each[0].charge.attribution.team == last.usage.team])
    assert of_team.effective == cost


def test_columns_of_each_version() -> None:
    specified = {version: [c.name for c in columns(version) if not c.name.startswith("x_")] for version in Version}
    assert len(specified[Version.V1_2]) == 57
    assert set(specified[Version.V1_3]) - set(specified[Version.V1_2]) == {
        "AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName", "AllocatedTags",
        "ContractApplied", "HostProviderName", "ServiceProviderName",
    }  # fmt: skip
    assert len(specified[Version.V1_3]) == 65


def test_the_rules_find_what_breaks_them(tmp_path: Path) -> None:
    """The checker itself: each of these must not pass."""
    found = summed([Revision(AT, record("e", TOKENS, priced(TOKENS)))])
    make = row_maker(Version.V1_3, reported=False)
    with FocusFile(tmp_path / "f.csv", Format.CSV, Version.V1_3) as file:
        file.write([make(DAY_START, *each) for each in found])
    [row] = read(tmp_path / "f.csv", Version.V1_3)
    for change in (
        {"ListCost": row["ListCost"] * 2}, {"ServiceProviderName": None}, {"ChargeCategory": "Purchase"},
        {"ConsumedUnit": None}, {"SkuPriceId": None}, {"ChargeClass": "correction"}, {"PricingUnit": "tokens!"},
        {"BillingPeriodEnd": row["BillingPeriodStart"]}, {"HostProviderName": "elsewhere"}, {"Tags": "[]"},
    ):  # fmt: skip
        assert focus_rules.violations([{**row, **change}], "1.3"), change
