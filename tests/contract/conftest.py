"""The chart, loaded and rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import helm_python
import pytest

from tests.contract.helm_chart import CHART, VALUE_SETS, Object, render


@pytest.fixture(scope="module")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def rendered(chart: helm_python.Chart) -> Mapping[str, list[Object]]:
    return {name: render(chart, values) for name, values in VALUE_SETS.items()}
