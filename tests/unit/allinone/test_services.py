"""Which services run."""

from __future__ import annotations

import pytest

from services.allinone.services import SERVICES


@pytest.mark.parametrize(
    ("pollers", "wanted"), [(None, False), ("", False), (" []\n", False), ('[{"name": "openai"}]', True)]
)
def test_pollers_make_connectors_wanted(monkeypatch: pytest.MonkeyPatch, pollers: str | None, wanted: bool) -> None:
    monkeypatch.delenv("AIFINOPS_CONNECTORS__POLLERS", raising=False)
    if pollers is not None:
        monkeypatch.setenv("AIFINOPS_CONNECTORS__POLLERS", pollers)
    assert [name for name, entry in SERVICES.items() if not entry.wanted()] == ([] if wanted else ["connectors"])
