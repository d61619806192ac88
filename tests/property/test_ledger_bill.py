"""Whatever was reported and metered: explanations add up to the difference, and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.common.clock import DAY
from services.ledger.domain.bill_reconciliation import reconcile
from services.ledger.domain.bill_rows import Account, Charge, MeteredRow, ReportedRow, Tenancy, cost_source

_OF = st.builds(
    Tenancy, st.sampled_from(["acme", "zeta"]), st.sampled_from(["openai", "aws"]), st.sampled_from([DAY, 2 * DAY])
)
_ACCOUNT = st.builds(
    Account, st.sampled_from(["", "p1"]), st.sampled_from(["", "k1", "k2"]), st.sampled_from(["", "gpt", "opus"])
)
_TOKENS = st.dictionaries(
    st.sampled_from(["input_tokens", "output_tokens", "reasoning_tokens", "credit_micros"]), st.integers(0, 10**9)
)
_AMOUNT = st.integers(-(10**14), 10**15)
_REPORTED = st.builds(
    ReportedRow, _OF, _ACCOUNT, st.sampled_from(["openai-costs", "openai-usage", "focus", "codex", "api"]),
    st.booleans(), _AMOUNT, slack=st.integers(0, 10**10), tokens=_TOKENS, charge=st.sampled_from(Charge),
    bucket=st.sampled_from(["", "input_tokens", "output_tokens"]),
)  # fmt: skip
_METERED = st.builds(
    MeteredRow, _OF, _ACCOUNT, _AMOUNT, shadow=st.integers(0, 10**15), seats=st.sampled_from([0, 10**12]),
    booked=st.sampled_from([0, -(10**12)]), tokens=_TOKENS,
)  # fmt: skip


@given(st.lists(_REPORTED, max_size=6), st.lists(_METERED, max_size=6))
def test_explanations_add_up_to_the_difference(reported: list[ReportedRow], metered: list[MeteredRow]) -> None:
    lines = reconcile(reported, metered)
    for line in lines:
        assert sum(line.explanations.values()) == line.reported - line.metered
        assert list(line.explanations) == sorted(line.explanations)
        assert 0 not in line.explanations.values()
    assert sum(line.metered for line in lines) == sum(row.cost for row in metered)


@given(st.lists(_REPORTED, max_size=6), st.lists(_METERED, max_size=6))
def test_of_a_day_that_names_amounts_one_report_counts(reported: list[ReportedRow], metered: list[MeteredRow]) -> None:
    lines = reconcile(reported, metered)
    for of in {row.of for row in reported}:
        rows = [row for row in reported if row.of == of]
        source = cost_source(rows)
        if source:
            counted = sum(row.amount for row in rows if row.has_amount and row.source == source)
            assert sum(line.reported for line in lines if line.of == of) == counted


@given(st.lists(_METERED, max_size=6))
def test_without_a_report_nothing_is_unexplained(metered: list[MeteredRow]) -> None:
    for line in reconcile([], metered):
        assert line.reported == 0
        assert {cause.name for cause in line.explanations} <= {"NO_REPORT", "SEATS", "BOOKED"}
