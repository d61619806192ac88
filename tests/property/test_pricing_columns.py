"""A column is multiplied as its quantities are one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from services.common.money import MAX_INT64, cost_of
from services.pricing.domain.columns import amounts

few = st.integers(0, 10**7)


@given(st.lists(few | st.integers(0, MAX_INT64), min_size=1, max_size=6), few | st.integers(0, MAX_INT64))
@example([1, 3, 5], 500_000)
@example([1, 3, 5], 1_500_000)
@example([MAX_INT64], 10**6)
@example([MAX_INT64 // 10**6], 1_000_001)
def test_a_column_costs_what_its_quantities_cost(quantities: list[int], price: int) -> None:
    found = amounts(np.array(quantities), price)
    if found is None:
        assert max(quantities) * (price // 10**6 + 1) > MAX_INT64 or max(quantities) * 10**6 > MAX_INT64
    else:
        assert found.tolist() == [cost_of(quantity, price) for quantity in quantities]
