"""Which entry of the price list a provider's and a model's name mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from services.pricing.domain.documented import Amendment, Documented, bundled
from services.pricing.domain.prices import ListedModel

Predicate = Callable[[str], bool]

PROVIDER_ALIASES: Mapping[str, str] = {
    "azure_openai": "azure", "azure-openai": "azure", "azure_ai": "azure", "azure.ai.openai": "azure",
    "azure.ai.inference": "azure", "az.ai.openai": "azure", "az.ai.inference": "azure", "azure_text": "azure",
    "vertex_ai": "google", "vertexai": "google", "gcp.vertex_ai": "google", "gcp.gemini": "google",
    "gcp.gen_ai": "google", "gemini": "google", "google_genai": "google", "vertex_ai_beta": "google",
    "bedrock": "aws", "aws_bedrock": "aws", "aws.bedrock": "aws", "amazon-bedrock": "aws", "bedrock_converse": "aws",
    "claude": "anthropic", "claude-code": "anthropic", "mistralai": "mistral", "mistral_ai": "mistral",
    "xai": "x-ai", "x_ai": "x-ai", "together_ai": "together", "together-ai": "together", "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks", "moonshot": "moonshotai", "cohere_chat": "cohere", "github_copilot": "github-copilot",
}  # fmt: skip
"""Names in use (LiteLLM, OpenTelemetry's gen_ai.provider.name, SDKs) for the price list's providers."""

_GATEWAYS = frozenset({"", "litellm", "litellm_proxy"})
"""Names that say nothing about who serves the model."""

_COMPACT_DATE = re.compile(r"-(20\d{2})(\d{2})(\d{2})(?=-|:|$)")


@dataclass(frozen=True)
class Names:
    """The names one model goes by, lower case: some exactly, others by a rule."""

    exact: frozenset[str]
    rule: Predicate | None = None


class ProviderModels:
    """A provider's models, found by name: the first in the list's order that goes by it."""

    def __init__(
        self,
        provider: str,
        models: Sequence[tuple[Names, ListedModel]],
        *,
        called: Predicate | None = None,
        makes: Predicate | None = None,
        fallbacks: Sequence[str] = (),
    ) -> None:
        self.provider = provider
        self.called = called
        """Whether a provider's name means this one, where it is no exact match."""
        self.makes = makes
        """Whether a model's name alone tells that this provider made it."""
        self.fallbacks = tuple(fallbacks)
        """Providers whose models it resells at their prices."""
        self.entries = tuple(models)
        self.models = tuple(model for _, model in models)
        self._exact: dict[str, int] = {}
        self._rules: list[tuple[int, Predicate]] = []
        for position, (names, _) in enumerate(models):
            for name in names.exact:
                self._exact.setdefault(name, position)
            if names.rule is not None:
                self._rules.append((position, names.rule))

    def amended(self, amendments: Sequence[Amendment]) -> ProviderModels:
        """The same with what is documented of its models: in place of the list's entry, or before all others."""
        own = [amendment for amendment in amendments if amendment.listed.provider == self.provider]
        if not own:
            return self
        changed = {amendment.listed.model: amendment for amendment in own}
        kept = [(names, _merged(changed.pop(model.model, None), model)) for names, model in self.entries]
        added = [
            (Names(new.exact | {new.listed.model}, new.rule if new.prefixes else None), new.listed)
            for new in changed.values()
        ]
        return ProviderModels(
            self.provider, [*added, *kept], called=self.called, makes=self.makes, fallbacks=self.fallbacks
        )

    def find(self, name: str) -> ListedModel | None:
        """The model of this lower-case name."""
        found = self._exact.get(name, len(self.models))
        for position, rule in self._rules:
            if position > found:
                break
            if rule(name):
                found = position
                break
        return self.models[found] if found < len(self.models) else None


def _merged(amendment: Amendment | None, model: ListedModel) -> ListedModel:
    if amendment is None:
        return model
    if amendment.replaces:
        return amendment.listed
    return replace(
        model,
        dated=(*model.dated, *amendment.listed.dated),
        variants=(*amendment.listed.variants, *model.variants),
    )


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom and what a pair of names means. `model` None: not in the list."""

    provider: str
    model: ListedModel | None
    resold: bool = False
    """Found at another provider, whose variants then say nothing about the reseller's."""
    assumption: str = ""


class Catalogue:
    """The price list, by names. Answers are kept for the names last asked for, hits and misses."""

    def __init__(
        self,
        providers: Sequence[ProviderModels],
        *,
        documented: Documented | None = None,
        remembered_names: int = 20_000,
    ) -> None:
        self.documented = bundled() if documented is None else documented
        amendments = self.documented.amendments
        self.providers = {provider.provider: provider.amended(amendments) for provider in providers}
        self.resolve: Callable[[str, str], Resolved] = lru_cache(maxsize=remembered_names)(self._resolve)

    def provider_id(self, name: str) -> str:
        """The list's name of a provider; an unknown one is returned in lower case."""
        wanted = name.strip().lower()
        wanted = PROVIDER_ALIASES.get(wanted, wanted)
        if wanted in self.providers or wanted in _GATEWAYS:
            return wanted
        return next((p.provider for p in self.providers.values() if p.called is not None and p.called(wanted)), wanted)

    def models(self) -> list[ListedModel]:
        """All entries."""
        return [model for provider in self.providers.values() for model in provider.models]

    def _resolve(self, provider_name: str, model_name: str) -> Resolved:
        provider = self.provider_id(provider_name)
        name = model_name.strip().lower()
        assumption = ""
        if provider in _GATEWAYS:
            provider, name = self._of_gateway(provider, name)
            if provider in self.providers:
                assumption = f"provider {provider!r} told from the model's name"
        entry = self.providers.get(provider)
        if entry is None or not name:
            return Resolved(provider, None)
        for candidate in self._spellings(provider, name):
            model = entry.find(candidate)
            if model is not None:
                return Resolved(provider, model, assumption=assumption)
            for other in entry.fallbacks:
                model = self.providers[other].find(candidate) if other in self.providers else None
                if model is not None:
                    return Resolved(provider, model, resold=True, assumption=assumption)
        return Resolved(provider, None)

    def _of_gateway(self, provider: str, name: str) -> tuple[str, str]:
        prefix, slash, rest = name.partition("/")
        if slash and self.provider_id(prefix) in self.providers:
            return self.provider_id(prefix), rest
        maker = next((p.provider for p in self.providers.values() if p.makes is not None and p.makes(name)), provider)
        return maker, name

    def _spellings(self, provider: str, name: str) -> list[str]:
        """The name as it is, with its date dashed, and without the provider's own prefix."""
        spellings = [name, _dashed(name)]
        prefix, slash, rest = name.partition("/")
        if slash and self.provider_id(prefix) == provider:
            spellings += [rest, _dashed(rest)]
        return list(dict.fromkeys(spellings))


def _dashed(name: str) -> str:
    """gpt-4o-20240806 as gpt-4o-2024-08-06."""

    def dashed(match: re.Match[str]) -> str:
        year, month, day = (int(part) for part in match.groups())
        try:
            return f"-{date(year, month, day).isoformat()}"
        except ValueError:
            return match[0]

    return _COMPACT_DATE.sub(dashed, name)
