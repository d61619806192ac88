"""Which rows of a bill are AI services."""

from __future__ import annotations

import re

AI_VENDORS = frozenset({
    "anthropic", "cohere", "cursor", "deepseek", "elevenlabs", "fireworks ai", "groq", "mistral ai", "openai",
    "openrouter", "perplexity", "replicate", "together ai", "xai",
})  # fmt: skip
"""Who sells nothing else: every row counts."""

_GOOGLE_PLATFORMS = ("vertex ai", "agent platform")
_GENERATIVE = re.compile(
    r"\b(gemini|gemma|imagen|veo|lyria|claude|llama|mistral|codestral|jamba|deepseek|qwen|gpt|kimi|minimax|glm|grok|"
    r"embeddings?|generative|tokens?)\b",
    re.IGNORECASE,
)
_AZURE_AI = ("cognitive services", "azure ai services", "azure ai foundry", "foundry tools", "foundry models")


def cloud(provider: str) -> str:
    """aws, azure, google, or the provider's own name."""
    name = provider.lower()
    if "aws" in name or "amazon" in name:
        return "aws"
    if "microsoft" in name or "azure" in name:
        return "azure"
    return "google" if "google" in name else name.replace(" ", "-")


def is_ai(provider: str, service: str, meter: str, *, family: str = "", subcategory: str = "") -> bool:
    """Whether a row is of an AI service. By FOCUS's own word, else by the rule of its provider:

    - AWS: the service, product or product code names Bedrock; models sold through AWS Marketplace are called
      `... (Amazon Bedrock Edition)`.
    - Azure: the service or meter category names OpenAI or Foundry Models; or it is Azure AI services (Cognitive
      Services) and the meter counts tokens.
    - Google: the service names Gemini or Generative Language; or it is Vertex AI and the SKU names a generative model
      or tokens, which training machines and notebooks do not.
    - A vendor of AI alone: always.

    Args:
        provider: as `cloud` gives it, or FOCUS's ProviderName.
        service: name and code of the service or product.
        meter: name of the meter or SKU.
        family: the meter's category and subcategory.
        subcategory: FOCUS's ServiceSubcategory.
    """
    if subcategory.lower() == "generative ai":
        return True
    service, family, seller = service.lower(), family.lower(), cloud(provider)
    if seller == "aws":
        return "bedrock" in service
    if seller == "azure":
        named = f"{service} {family}"
        if "openai" in named or "foundry models" in named:
            return True
        return any(name in named for name in _AZURE_AI) and "token" in meter.lower()
    if seller == "google":
        if "gemini" in service or "generative language" in service:
            return True
        return any(name in service for name in _GOOGLE_PLATFORMS) and bool(_GENERATIVE.search(meter))
    return provider.lower() in AI_VENDORS
