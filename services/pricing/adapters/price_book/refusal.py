"""Why a copy is not taken."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """The label of the failure metric."""

    UNREACHABLE = "unreachable"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    IMPLAUSIBLE = "implausible"
    CATALOGUE = "second_catalogue"
    """The second catalogue cannot be had: copies are judged without it."""
    STORAGE = "storage"
    """The kept copy cannot be read, or a new one not be kept."""


class RefusedCopyError(RuntimeError):
    """A copy that is not taken; what is in force stays so."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal
