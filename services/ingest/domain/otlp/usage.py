"""Token counts in the attributes of one call, in every spelling in use, as disjoint buckets.

Spellings: OpenTelemetry's GenAI conventions old and new (open-telemetry/semantic-conventions-genai), OpenLLMetry,
OpenInference (spec/semantic_conventions.md), the Vercel AI SDK (ai-sdk.dev, Telemetry).

By the GenAI conventions cached and reasoning tokens are inside the totals ("SHOULD be included in
gen_ai.usage.input_tokens"). Some instrumentations report them beside: where a total of all tokens is sent too, it tells
which was meant. Otherwise parts that exceed their total are refused rather than guessed at.
"""

from __future__ import annotations

from services.ingest.domain import buckets
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.otlp.attributes import Attributes, count
from services.ingest.domain.rejection import Reason, Rejected

INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt",
    "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens",
)  # fmt: skip
OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
    "llm.token_count.completion", "ai.usage.outputTokens", "ai.usage.completionTokens",
)  # fmt: skip
CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.input_cached_tokens", "gen_ai.usage.input_tokens.cached", "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens", "llm.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read", "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
)  # fmt: skip
CACHE_WRITE = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.input_tokens.cache_write", "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens", "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write", "ai.usage.inputTokenDetails.cacheWriteTokens",
)  # fmt: skip
REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens", "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning", "ai.usage.outputTokenDetails.reasoningTokens",
    "ai.usage.reasoningTokens",
)  # fmt: skip
INPUT_AUDIO = ("llm.token_count.prompt_details.audio",)
OUTPUT_AUDIO = ("llm.token_count.completion_details.audio",)
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens")

NAMES = frozenset(
    name
    for spellings in (INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, REASONING, INPUT_AUDIO, OUTPUT_AUDIO, TOTAL)
    for name in spellings
)


def is_there(attributes: Attributes) -> bool:
    """Whether the attributes count any tokens."""
    return not NAMES.isdisjoint(attributes)


def buckets_of(attributes: Attributes) -> Buckets:
    """Disjoint buckets of a call; their sum is what the provider bills.

    Raises:
        Rejected: no input and no output, a count that is none, or parts that exceed their total.
    """
    total, given_in, given_out = count(attributes, TOTAL), count(attributes, INPUT), count(attributes, OUTPUT)
    if given_in is None and given_out is None:
        raise Rejected(
            Reason.MISSING,
            INPUT[0],
            "is missing, and so is gen_ai.usage.output_tokens: a total alone cannot be priced, send both",
        )
    total_in = given_in or 0
    total_out = given_out if given_out is not None else max(0, (total or total_in) - total_in)
    read, written = count(attributes, CACHE_READ) or 0, count(attributes, CACHE_WRITE) or 0
    reasoning = count(attributes, REASONING) or 0
    if total is not None:
        cached = read + written
        if cached and total in (total_in + cached + total_out, total_in + cached + total_out + reasoning):
            total_in += cached
        if reasoning and total == total_in + total_out + reasoning:
            total_out += reasoning
    audio_in, audio_out = count(attributes, INPUT_AUDIO) or 0, count(attributes, OUTPUT_AUDIO) or 0
    if read or written or audio_in:
        parts = {"cache read": read, "cache write": written}
        buckets.part_of(total_in, parts, CACHE_READ[0], INPUT[0])
        buckets.part_of(total_in, {"audio": audio_in}, INPUT_AUDIO[0], INPUT[0])
    if reasoning or audio_out:
        buckets.part_of(total_out, {"reasoning": reasoning, "audio": audio_out}, REASONING[0], OUTPUT[0])
    found = buckets.split_input(
        total_in, cache_read=read, cache_write=written, cache_write_1h=0, audio=audio_in, image=0
    )
    return found | buckets.split_output(total_out, reasoning=reasoning, audio=audio_out, image=0)
