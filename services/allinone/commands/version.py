"""`aifinops version`."""

from __future__ import annotations

from importlib.metadata import version

import typer


def version_command() -> None:
    """Print the version."""
    typer.echo(version("aifinops"))
