"""A key that is revoked or rotated is refused by every service in less than two seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.revoking import AT_ONCE_SECONDS, seconds_until_refused
from tests.e2e.running import Up


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_revoked_key_is_refused_everywhere_at_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with Up(tmp_path) as up:
        found = seconds_until_refused(up)
    record_property("seconds_until_refused", json.dumps(found))
    assert max(max(times.values()) for times in found.values()) < AT_ONCE_SECONDS, found
