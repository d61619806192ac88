"""What a plain HTML form sends."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import Request

MAX_BYTES = 8_192


async def fields_of(request: Request) -> dict[str, str]:
    """The first value of each field; nothing where the form is larger than `MAX_BYTES`."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
