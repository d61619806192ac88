"""What a meter counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meter:
    """Without a bucket: no tokens."""

    model: str = ""
    bucket: str = ""
    tier: str = ""
    batch: bool = False


def directed(direction: str, mode: str) -> str:
    """The bucket of fresh tokens. Video has none of its own and counts as images, whose frames it is."""
    kind = {"audio": "audio_", "speech": "audio_", "image": "image_", "video": "image_"}.get(mode.lower(), "")
    return f"{direction}_{kind}tokens"
