"""How many values a tag may have: each is a group in every report, and an id among the tags makes millions of them."""

from __future__ import annotations

from collections.abc import MutableMapping

from services.common.clock import DAY, Micros

OVERFLOW = "(overflow)"
"""Stands for the values of a tag beyond its limit."""

OVERFLOW_NAME = "overflow"
"""The tag that stands for the tags of a tenant beyond their limit."""

_HASH_BITS = 0xFFFFFFFF


class TagGuard:
    """Lets each tag of a tenant take so many distinct values a UTC day, in this process, and each tenant so many tags.

    Memory is bounded: a value is remembered as four bytes of its hash, and all tenants together have `remembered` of
    them, about 100 bytes each; beyond it no new value passes until the day ends. Two values that share a hash count
    as one, so a few more than the limit may pass.
    """

    def __init__(self, values: int, *, names: int = 256, remembered: int = 1_000_000) -> None:
        """Args:
        values: of one tag and tenant in a day.
        names: of tags of one tenant in a day.
        remembered: values of all of them.
        """
        self._values = values
        self._names = names
        self._remembered = remembered
        self._day = -1
        self._seen: dict[str, dict[str, set[int]]] = {}
        self._size = 0

    def apply(self, tenant_id: str, tags: MutableMapping[str, str], now: Micros) -> int:
        """Replaces what is beyond the limits, in place; the number of tags replaced."""
        if now // DAY != self._day:
            self._day, self._size = now // DAY, 0
            self._seen.clear()
        of_tenant = self._seen.setdefault(tenant_id, {})
        replaced = 0
        for name, value in list(tags.items()):
            seen = of_tenant.get(name)
            if seen is None:
                if len(of_tenant) >= self._names:
                    del tags[name]
                    tags[OVERFLOW_NAME] = OVERFLOW
                    replaced += 1
                    continue
                seen = of_tenant[name] = set()
            mark = hash(value) & _HASH_BITS
            if mark in seen:
                continue
            if len(seen) < self._values and self._size < self._remembered:
                seen.add(mark)
                self._size += 1
            else:
                tags[name] = OVERFLOW
                replaced += 1
        return replaced
