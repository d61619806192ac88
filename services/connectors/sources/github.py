"""What GitHub's sources have in common."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

BASE_URL = "https://api.github.com"
REQUESTS_PER_MINUTE = 60
"""A token has 5,000 requests an hour."""

PROVIDER, TOOL = "github", "github-copilot"
ORGANIZATION = "organization"
OPTIONS = {ORGANIZATION: "login of the GitHub organization, as in github.com/orgs/<login>"}


def headers(secret: str) -> Mapping[str, str]:
    """For a personal access token or a GitHub App's token."""
    return {
        "Authorization": f"Bearer {secret}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def path_name(organization: str) -> str:
    """The organization as a part of a path."""
    return quote(organization.strip(), safe="")
