"""Which AIFINOPS_... variables each service's settings read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from pydantic import BaseModel

from services.allinone.services import SERVICES
from services.common.settings import PREFIX, ServiceSettings


def variables(service: str) -> frozenset[str]:
    """Every variable that `aifinops run SERVICE` understands."""
    settings: type[ServiceSettings] = getattr(
        import_module(f"services.{service}.settings"), SERVICES[service].settings_class
    )
    return frozenset(PREFIX + name for name in _names(settings))


def shared_variables() -> frozenset[str]:
    """Those that every service and every job understands."""
    return frozenset(PREFIX + name for name in _names(ServiceSettings))


def required_variables() -> frozenset[str]:
    """Those without which no service starts."""
    return frozenset(
        f"{PREFIX}{section.upper()}__{field.upper()}"
        for section, info in ServiceSettings.model_fields.items()
        if info.is_required() and isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
        for field, detail in info.annotation.model_fields.items()
        if detail.is_required()
    )


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from (f"{name.upper()}__{inner}" for inner in _names(info.annotation))
        else:
            yield name.upper()
