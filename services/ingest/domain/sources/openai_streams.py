"""How OpenAI and those who speak its language stream: chunks of a chat completion, and events of the other APIs."""

from __future__ import annotations

from typing import Any

from services.ingest.domain.streams import Part, StreamFormat, keep_new

_CONTENT = frozenset({"choices", "delta", "b64_json", "logprobs", "text", "transcript"})

_PREFIXES = (
    "response.", "image_generation.", "image_edit.", "speech.audio.", "transcript.text.", "conversation.", "session.",
    "input_audio_buffer.", "output_audio_buffer.", "rate_limits.",
)  # fmt: skip
_ENDS = frozenset(
    {
        "response.completed", "response.incomplete", "response.failed", "response.done", "image_generation.completed",
        "image_edit.completed", "speech.audio.done", "transcript.text.done",
        "conversation.item.input_audio_transcription.completed",
    }
)  # fmt: skip
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
"""What a realtime session heard, as text: billed by itself, at the price of the model that transcribes."""


def _is_chunk(part: Part) -> bool:
    return part.get("object") == "chat.completion.chunk"


def _text(value: object) -> str:
    return value if type(value) is str else ""


def _merge_chunk(total: Part, part: Part) -> None:
    keep_new(total, part, leave=_CONTENT)


def _ends_chunks(part: Part) -> bool:
    """A reason to finish, or counts without any content beside them."""
    choices = part.get("choices")
    choices = [choice for choice in choices if type(choice) is dict] if type(choices) is list else []
    if any(choice.get("finish_reason") for choice in choices):
        return True
    return part.get("usage") is not None and not any(_says_something(choice.get("delta")) for choice in choices)


def _says_something(delta: Any) -> bool:
    return type(delta) is dict and any(value for name, value in delta.items() if name != "role")


CHUNKS = StreamFormat(
    is_part=_is_chunk,
    # Without ids the chunks of a request can only be one stream.
    key=lambda part: _text(part.get("id")) or "no id",
    merge=_merge_chunk,
    is_last=_ends_chunks,
    alone_is_whole=True,
)
"""`chat.completion.chunk` objects; the usage of the last one that has any counts."""


def _is_event(part: Part) -> bool:
    return _text(part.get("type")).startswith(_PREFIXES)


def _event_key(part: Part) -> str | None:
    response = part.get("response")
    if type(response) is dict:
        return _text(response.get("id"))
    if part["type"] == TRANSCRIBED:
        return f"{part.get('item_id')}/{part.get('content_index')}"
    return "" if part["type"] in _ENDS else None


def _merge_event(total: Part, part: Part) -> None:
    response = part.get("response")
    if type(response) is dict:
        keep_new(total, response)
        return
    keep_new(total, part, leave=_CONTENT)
    if part["type"] == TRANSCRIBED and part.get("event_id") is not None:
        total["id"] = part["event_id"]


EVENTS = StreamFormat(is_part=_is_event, key=_event_key, merge=_merge_event, is_last=lambda part: part["type"] in _ENDS)
"""Events of responses, images, speech, transcription and realtime sessions; what ends a response has its usage."""

STREAMS = (CHUNKS, EVENTS)
