"""What Cursor's sources have in common: its Admin API, for Teams and Enterprise.

https://cursor.com/docs/account/teams/admin-api
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

BASE_URL = "https://api.cursor.com"
REQUESTS_PER_MINUTE = 20
"""Of a team, for most of its endpoints."""

PROVIDER = TOOL = "cursor"


def headers(secret: str) -> Mapping[str, str]:
    """An Admin API key is the user name of Basic authentication; the password is empty."""
    return {"Authorization": "Basic " + base64.b64encode(f"{secret}:".encode()).decode()}
