"""Contract prices: a tenant's own, which win over the list's while they hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.common.clock import Micros
from services.pricing.domain.fx import USD
from services.pricing.domain.names import Catalogue
from services.pricing.domain.prices import PriceSet


@dataclass(frozen=True)
class Override:
    """A contract's prices of some buckets of one model. `effective_to` 0: until replaced."""

    tenant_id: str
    provider: str
    model: str
    service_tier: str
    batch: bool
    prices: PriceSet
    effective_from: Micros
    effective_to: Micros
    recorded: Micros
    source: str = ""
    currency: str = USD
    """What its prices are trillionths of."""
    contract: str = ""
    """The contract it is a term of, if any."""

    @property
    def name(self) -> str:
        return f"prices/{self.provider}/{self.model}"

    def holds(self, time: Micros) -> bool:
        return self.effective_from <= time and (not self.effective_to or time < self.effective_to)


class Overrides:
    """All tenants' contract prices.

    One on a model covers every name the list prices alike (its dated snapshots); one on exactly the name of the event
    goes before it, a later one before an earlier one.
    """

    def __init__(self, catalogue: Catalogue, overrides: Iterable[Override] = ()) -> None:
        self._catalogue = catalogue
        self._by_name: dict[tuple[str, str, str], list[Override]] = defaultdict(list)
        self._by_price: dict[tuple[str, str, str], list[Override]] = defaultdict(list)
        self._tenants: dict[str, list[Override]] = defaultdict(list)
        for override in sorted(overrides, key=lambda o: (o.effective_from, o.recorded)):
            tenant, provider = override.tenant_id, override.provider
            self._tenants[tenant].append(override)
            self._by_name[tenant, provider, override.model].append(override)
            listed = catalogue.resolve(provider, override.model).model
            if listed is not None:
                self._by_price[tenant, provider, listed.price_id].append(override)

    def tenants(self) -> list[str]:
        """Those that have any."""
        return list(self._tenants)

    def of_tenant(self, tenant_id: str) -> list[Override]:
        """The tenant's that are no contract's, the earliest first."""
        return [override for override in self._tenants.get(tenant_id, ()) if not override.contract]

    def on(self, tenant_id: str, provider: str, model: str) -> list[Override]:
        """Those on a model, the last one counting most."""
        if tenant_id not in self._tenants:
            return []
        named = self._by_name.get((tenant_id, provider, model.strip().lower()), [])
        listed = self._catalogue.resolve(provider, model).model
        alike = self._by_price.get((tenant_id, provider, listed.price_id), []) if listed is not None else []
        return [*(override for override in alike if override not in named), *named]
