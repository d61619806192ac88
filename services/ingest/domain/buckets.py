"""From a provider's totals with subsets to disjoint buckets."""

from __future__ import annotations

from services.ingest.domain.rejection import Reason, Rejected

Buckets = dict[str, int]
"""Quantities by name, zero ones left out."""

TIERS = {"default": "standard", "auto": "standard", "on_demand": "standard"}
"""Providers' words for the tier nobody asked for."""


def part_of(total: int, parts: dict[str, int], field: str, total_field: str) -> None:
    """Checks that parts which exclude each other fit into their total.

    Raises:
        Rejected
    """
    taken = sum(parts.values())
    if taken > total:
        names = " + ".join(name for name, value in parts.items() if value)
        raise Rejected(
            Reason.INCONSISTENT,
            field,
            f"{names} = {taken} exceeds {total_field} = {total}, of which it is a part: send the provider's own counts",
        )


def split_input(
    total: int, *, cache_read: int, cache_write: int, cache_write_1h: int, audio: int, image: int
) -> Buckets:
    """Disjoint input buckets of a total that includes them all; their sum is the total.

    Cached tokens may be audio or image tokens too, and a provider does not say how many. A modality is then only what
    the cache leaves of it, so that no token counts twice.
    """
    rest = total - cache_read - cache_write - cache_write_1h
    audio = min(audio, rest)
    image = min(image, rest - audio)
    return {
        "input_tokens": rest - audio - image,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": cache_write,
        "cache_write_1h_tokens": cache_write_1h,
        "input_audio_tokens": audio,
        "input_image_tokens": image,
    }


def split_output(total: int, *, reasoning: int, audio: int, image: int) -> Buckets:
    """Disjoint output buckets of a total that includes them all; their sum is the total."""
    return {
        "output_tokens": total - reasoning - audio - image,
        "reasoning_tokens": reasoning,
        "output_audio_tokens": audio,
        "output_image_tokens": image,
    }


def tier(name: str) -> str:
    """One word for one tier."""
    return TIERS.get(name, name)
