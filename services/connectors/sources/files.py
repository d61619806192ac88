"""Files in a folder or an object store."""

from __future__ import annotations

from services.connectors.files.source import FILES

__all__ = ["FILES"]
