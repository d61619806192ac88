"""Options of commands that send events: where ingest is, and the key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from services.allinone.commands.common import WRONG_USAGE, fail

KEY_VARIABLE = "AIFINOPS_KEY"

Url = Annotated[str, typer.Option("--url", envvar="AIFINOPS_URL", help="Where ingest listens")]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help=f"File with an API key that may send; else {KEY_VARIABLE} has the key")
]
Patience = Annotated[
    float, typer.Option("--patience", min=0, help="Seconds to go on trying while ingest is busy or away")
]

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_PATIENCE = 300.0


def api_key(key_file: Path | None) -> str:
    """The key, from the file or the environment; never from the command line, which others on the machine can see."""
    if key_file is None:
        key = os.environ.get(KEY_VARIABLE, "")
        where = KEY_VARIABLE
    else:
        try:
            key = key_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{key_file}: {getattr(error, 'strerror', None) or 'is no text'}", code=WRONG_USAGE)
        where = str(key_file)
    key = key.strip()
    if not key or not key.isascii() or any(sign.isspace() for sign in key):
        fail(f"{where} holds no API key: write one with --key-file FILE, or set {KEY_VARIABLE}", code=WRONG_USAGE)
    return key
