"""Quantiles of rows: of half-precision numbers by their bits, as of others."""

from __future__ import annotations

import numpy as np
import pytest

from services.anomaly.domain.rows import row_count, row_median, row_quantile


@pytest.mark.parametrize("shape", [(60, 336), (200, 8), (9, 1)])
def test_halves_are_ordered_as_what_they_stand_for(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    halves = (rng.normal(0, 1, shape) * 10.0 ** rng.integers(-6, 4, shape)).astype(np.float16)
    halves[rng.random(shape) < 0.3] = np.nan
    halves[0], halves[1], halves[2], halves[3] = np.nan, -np.float16(np.nan), -0.0, np.float16(65_504)
    singles = halves.astype(np.float32)
    assert np.array_equal(row_count(halves), row_count(singles))
    for share in (0.0, 0.5, 0.6, 0.95, 1.0):
        expected = [np.quantile(row[~np.isnan(row)], share) if (row == row).any() else np.nan for row in singles]
        assert row_quantile(halves, share) == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)
        assert np.array_equal(row_quantile(halves, share), row_quantile(singles, share), equal_nan=True)
    assert np.array_equal(row_median(np.repeat(halves, 2, axis=1)[:, ::2]), row_median(singles), equal_nan=True)
