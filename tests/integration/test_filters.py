"""A filter reads the same as a predicate and as SQL, whatever the filter and the event."""

from __future__ import annotations

import asyncio

from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common import filters
from services.common.clickhouse import ClickHouse, migrate
from services.common.dimensions import reader
from services.common.settings import ClickHouseSettings
from tests.unit.common.test_filters import trees

VALUES = ("", "a", "b", "A", "é", "'", "\\", '"', "%", "*", "\n")
COLUMNS = {"team": "team", "model": "model"}

events = st.builds(
    lambda team, model, feature: UsageEvent(team=team, model=model, tags={"feature": feature} if feature else {}),
    st.sampled_from(VALUES),
    st.sampled_from(VALUES),
    st.sampled_from(VALUES),
)
comparisons = st.builds(
    filters.Comparison, st.sampled_from(["team", "model", "tag:feature"]), st.sampled_from(VALUES), st.booleans(),
    st.booleans(),
)  # fmt: skip


def test_predicate_and_sql_agree(clickhouse_settings: ClickHouseSettings) -> None:
    with asyncio.Runner() as runner:
        runner.run(migrate(clickhouse_settings, []))
        clickhouse = ClickHouse(clickhouse_settings)

        @settings(max_examples=60, suppress_health_check=list(HealthCheck))
        @given(comparisons | trees, st.lists(events, min_size=1, max_size=8))
        def agree(tree: filters.Filter, sample: list[UsageEvent]) -> None:
            parameters: dict[str, str] = {}
            condition = filters.to_sql(tree, COLUMNS, "tags", parameters)
            rows = runner.run(
                clickhouse.query(
                    f"SELECT ({condition}) FROM (SELECT arrayJoin(arrayZip({{teams:Array(String)}}, "
                    "{models:Array(String)}, {features:Array(String)})) AS row, row.1 AS team, row.2 AS model, "
                    "if(row.3 = '', map(), map('feature', row.3)) AS tags)",
                    {
                        **parameters,
                        "teams": [e.team for e in sample],
                        "models": [e.model for e in sample],
                        "features": [e.tags.get("feature", "") for e in sample],
                    },
                )
            )
            passes = filters.predicate(tree, reader)
            assert [bool(row[0]) for row in rows] == [passes(e) for e in sample]

        agree()
        runner.run(clickhouse.stop())
