"""Names of meters as the clouds' price lists have them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.connectors.files.billing.meters import aws, azure, google
from services.connectors.files.billing.meters.meter import Meter
from services.connectors.files.billing.meters.tokens import tokens_of
from services.connectors.files.billing.models import canonical
from services.connectors.files.billing.selection import is_ai

_EDITION = "Claude Haiku 4.5 (Amazon Bedrock Edition)"


@pytest.mark.parametrize(
    ("usage_type", "expected"),
    [
        ("USE1-Claude3Sonnet-input-tokens", Meter("claude-3-sonnet", "input_tokens")),
        ("USE1-Claude2.0-input-tokens", Meter("Claude2.0", "input_tokens")),
        ("USE1-Claude4.6Opus-output-tokens-cross-region-global", Meter("claude-opus-4-6", "output_tokens")),
        (
            "USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global",
            Meter("claude-opus-4-6", "cache_read_tokens"),
        ),
        ("USW2-Claude4.6Sonnet-cache-write-input-token-count", Meter("claude-sonnet-4-6", "cache_write_tokens")),
        (
            "USE1-openai.gpt-oss-120b-mantle-input-tokens-standard",
            Meter("openai.gpt-oss-120b", "input_tokens"),
        ),
        (
            "UGW1-openai.gpt-5.6-terra-mantle-cache-read-tokens-standard",
            Meter("openai.gpt-5.6-terra", "cache_read_tokens"),
        ),
        ("USE1-xai.grok-4.3-mantle-output-tokens-priority", Meter("xai.grok-4.3", "output_tokens", "priority")),
        ("USE1-Gemma-3-4B-IT-input-tokens-flex", Meter("Gemma-3-4B-IT", "input_tokens", "flex")),
        (
            "USE1-Llama4-Maverick-17B-input-tokens-batch",
            Meter("Llama4-Maverick-17B", "input_tokens", batch=True),
        ),
        (
            "USE1-Nova2.0Pro-input-image-token-count-cross-region-global",
            Meter("Nova2.0Pro", "input_image_tokens"),
        ),
        ("USE1-MP:USE1_InputTokenCount-Units", Meter("claude-haiku-4-5", "input_tokens")),
        ("USE1-MP:USE1_InputTokenCount_Global_Batch-Units", Meter("claude-haiku-4-5", "input_tokens", batch=True)),
        ("USE1-MP:USE1_CacheReadInputTokenCount_Global-Units", Meter("claude-haiku-4-5", "cache_read_tokens")),
        ("USE1-MP:USE1_CacheWriteInputTokenCount-Units", Meter("claude-haiku-4-5", "cache_write_tokens")),
        (
            "APN1-MP:APN1_cache_write_tokens_1h_global_standard-Units",
            Meter("claude-haiku-4-5", "cache_write_1h_tokens"),
        ),
        ("USE1-MP:USE1_output_tokens_long_ctx_standard-Units", Meter("claude-haiku-4-5", "output_tokens")),
        ("USE1-Guardrail-ContentPolicyUnitsConsumed", Meter()),
    ],
)
def test_aws(usage_type: str, expected: Meter) -> None:
    product = _EDITION if "MP:" in usage_type else "Amazon Bedrock"
    assert aws.read(usage_type, product) == expected


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        (
            "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0",
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123", "claude-haiku-4-5"),
    ],
)
def test_a_resource_names_the_model_best(resource: str, model: str) -> None:
    assert aws.read("USE1-MP:USE1_InputTokenCount-Units", _EDITION, resource).model == model


@pytest.mark.parametrize(
    ("name", "family", "expected"),
    [
        ("gpt 4o 0806 Inp Data Zone Tokens", "Azure OpenAI", Meter("gpt-4o", "input_tokens")),
        ("gpt-4o-mini-0718-Outp-glbl Tokens", "Azure OpenAI", Meter("gpt-4o-mini", "output_tokens")),
        ("gpt 4o 1120 cached Inp regnl Tokens", "Azure OpenAI", Meter("gpt-4o", "cache_read_tokens")),
        (
            "gpt 4o mini0718 BatchOutp DataZone Tokens",
            "Azure OpenAI",
            Meter("gpt-4o-mini", "output_tokens", batch=True),
        ),
        ("5.1 codex mini opt Gl 1M Tokens", "Azure OpenAI GPT5", Meter("gpt-5.1-codex-mini", "output_tokens")),
        ("GPT 5 Mini Inpt DZone 1M Tokens", "Azure OpenAI GPT5", Meter("gpt-5-mini", "input_tokens")),
        (
            "5.6 luna ShortCo Cd Wr Std DZ 1M Tokens",
            "Azure OpenAI GPT5",
            Meter("gpt-5.6-luna", "cache_write_tokens"),
        ),
        (
            "5.6 terra ShortCo Cd Inp PP Gl 1M Tokens",
            "Azure OpenAI GPT5",
            Meter("gpt-5.6-terra", "cache_read_tokens", "priority"),
        ),
        ("o4-mini 0416 Inp glbl Tokens", "Azure OpenAI", Meter("o4-mini", "input_tokens")),
        ("gpt-4o-aud-1217 Inp glbl Tokens", "Azure OpenAI", Meter("gpt-4o", "input_audio_tokens")),
        ("text embedding 3 large DZ Tokens", "Azure OpenAI", Meter("text-embedding-3-large", "input_tokens")),
        ("Llama 3.3 70B Inp glbl Tokens", "Azure Meta Models", Meter("llama-3.3-70b", "input_tokens")),
        ("Provisioned Managed Global Unit", "Azure OpenAI", Meter()),
        ("S1 Text Transactions", "Cognitive Services", Meter()),
    ],
)
def test_azure(name: str, family: str, expected: Meter) -> None:
    assert azure.read(name, family) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Gemini 2.5 Flash GA Text Input - Predictions", Meter("gemini-2.5-flash", "input_tokens")),
        ("Gemini 2.5 Flash Lite Text Input - Predictions", Meter("gemini-2.5-flash-lite", "input_tokens")),
        ("Gemini 2.5 Flash GA Text Output (Thinking On) - Predictions", Meter("gemini-2.5-flash", "output_tokens")),
        ("Gemini 3 Flash Text Input Caching", Meter("gemini-3-flash", "cache_read_tokens")),
        ("Gemini 2.5 Flash Input Text Caching Storage", Meter("gemini-2.5-flash")),
        ("Gemini 2.5 Flash Live Audio Input - Predictions", Meter("gemini-2.5-flash-live", "input_audio_tokens")),
        (
            "Gemini 2.5 Flash GA Video Input Priority - Predictions",
            Meter("gemini-2.5-flash", "input_image_tokens", "priority"),
        ),
        ("Gemini 3.7 Flash Global Text Input - Predictions", Meter("gemini-3.7-flash", "input_tokens")),
        ("Gemini 2.5 Pro Batch Text Output - Predictions", Meter("gemini-2.5-pro", "output_tokens", batch=True)),
        ("Claude Sonnet 4.5 Cache Write Input Tokens", Meter("claude-sonnet-4-5", "cache_write_tokens")),
        ("Vertex AI: Provisioned Throughput 1 month", Meter("vertex-ai:-provisioned-throughput-1-month")),
    ],
)
def test_google(description: str, expected: Meter) -> None:
    assert google.read(description) == expected


@pytest.mark.parametrize(
    ("quantity", "unit", "meter", "description", "tokens"),
    [
        ("900.5", "1K tokens", "", "", 900_500),
        ("0.5", "1M Tokens", "", "", 500_000),
        ("12", "1000 Tokens", "", "", 12_000),
        ("864000", "Tokens", "", "", 864_000),
        ("7", "count", "", "", 7),
        ("7", "requests", "", "", 7),
        ("0.02645", "Units", "USW2-MP:USW2_InputTokenCount-Units", "Million Input Tokens", 26_450),
        ("0.02645", "Units", "USW2-MP:USW2_input_tokens_standard-Units", "Input Tokens - Standard", 26_450),
        ("3", "Units", "USE1-MP:USE1_CacheReadInputTokenCount-Units", "thousand Cache Read Input Tokens", 3_000),
        ("1", "Hours", "", "", None),
        ("1", "", "", "", None),
    ],
)
def test_units(quantity: str, unit: str, meter: str, description: str, tokens: int | None) -> None:
    assert tokens_of(Decimal(quantity), unit, meter, description) == tokens


def test_claude_is_called_as_anthropic_calls_it() -> None:
    assert canonical("Claude 3.5 Sonnet v2") == "claude-3-5-sonnet"
    assert canonical("Claude 3 Haiku") == "claude-3-haiku"
    assert canonical("Claude Opus 4.1") == "claude-opus-4-1"
    assert canonical("Claude Sonnet 5") == "claude-sonnet-5"
    assert canonical("NovaPro") == "NovaPro"


@pytest.mark.parametrize(
    ("provider", "service", "meter", "family", "subcategory", "expected"),
    [
        ("AWS", "Amazon Bedrock AmazonBedrock", "USE1-Claude3Sonnet-input-tokens", "", "", True),
        ("AWS", "Claude 3 Haiku (Amazon Bedrock Edition) 5x", "USE1-MP:USE1_InputTokenCount-Units", "", "", True),
        ("AWS", "Amazon Elastic Compute Cloud AmazonEC2", "USE1-BoxUsage", "", "", False),
        ("Amazon Web Services", "Amazon Polly", "x", "", "Generative AI", True),
        ("Microsoft", "Azure OpenAI", "gpt 4o Inp glbl Tokens", "", "", True),
        ("Microsoft", "Cognitive Services", "S1 Text Transactions", "Cognitive Services Text", "", False),
        ("Microsoft", "Cognitive Services", "R1 Inp glbl Tokens", "Cognitive Services Azure Deepseek", "", True),
        ("Microsoft", "Virtual Machines", "D2s v5", "Virtual Machines", "", False),
        ("Google Cloud", "Vertex AI", "Gemini 2.5 Pro Text Input - Predictions", "", "", True),
        ("Google Cloud", "Vertex AI", "Vertex AI Workbench Instance Core", "", "", False),
        ("Google Cloud", "Gemini API", "anything", "", "", True),
        ("Google Cloud", "Cloud Storage", "Standard Storage", "", "", False),
        ("OpenAI", "API", "gpt-4o input", "", "", True),
        ("Datadog", "LLM Observability", "spans", "", "", False),
    ],
)
def test_which_rows_are_ai(
    provider: str, service: str, meter: str, family: str, subcategory: str, expected: bool
) -> None:
    assert is_ai(provider, service, meter, family=family, subcategory=subcategory) is expected
