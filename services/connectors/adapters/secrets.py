"""Secrets of pollers: in a file or an environment variable, read anew each time so that they can be rotated."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from services.connectors.handlers.poll_ports import ConfigurationError

_LONGEST = 16 * 1024


@dataclass(frozen=True)
class SecretSource:
    """Where a secret is; exactly one of the two is set."""

    what: str
    """For messages, such as "the secret of poller openai"."""
    file: Path | None = None
    env: str = ""

    def read(self) -> SecretStr:
        """The secret without the white space around it.

        Raises:
            ConfigurationError: it is not there, or cannot be one.
        """
        if self.file is not None:
            where = f"file {self.file}"
            try:
                with self.file.open("rb") as opened:
                    text = opened.read(_LONGEST + 1).decode()
            except OSError as error:
                raise ConfigurationError(f"{self.what}, {where}, cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise ConfigurationError(f"{self.what}, {where}, is not text") from None
        else:
            where = f"environment variable {self.env}"
            text = os.environ.get(self.env, "")
        text = text.strip()
        if not text:
            raise ConfigurationError(f"{self.what}, {where}, is empty or not set")
        if len(text) > _LONGEST or not text.isascii() or not text.isprintable():
            raise ConfigurationError(f"{self.what}, {where}, holds what no header can carry: one line of ASCII")
        return SecretStr(text)
