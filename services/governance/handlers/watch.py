"""Usage, watched: who uses which tool, and which use nobody approved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from finops.governance.v1.governance_pb2 import GovernanceEvent, Tool
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Clock
from services.governance.domain import audit, findings
from services.governance.domain.usage import Sightings, ToolKey, WrittenSpans
from services.governance.handlers.ports import AuditTrail, Events, Tools, ToolUsage

_NOTED = 10_000


class UsageWatch:
    """Applies batches of usage. Repeating a batch changes nothing."""

    def __init__(
        self,
        registry: Tools,
        usage: ToolUsage,
        trail: AuditTrail,
        events: Events,
        written: WrittenSpans,
        clock: Clock,
    ) -> None:
        self._tools = registry
        self._usage = usage
        self._trail = trail
        self._events = events
        self._written = written
        self._clock = clock
        self._noted: set[str] = set()

    def restart(self) -> None:
        """Partitions came or went: another process may have told of findings meanwhile."""
        self._events.forget()

    async def apply(self, events: Sequence[UsageEvent]) -> None:
        """Returns once uses and findings are durable.

        Raises:
            UnavailableError: ClickHouse or Kafka is away.
        """
        sightings = Sightings(events)
        await self._note_use(sightings)
        registry = await self._look_up(sightings.tools())
        await self._find_shadow_tools([key for key in sightings.tools() if key not in registry], sightings)
        await self._find_violations(registry, sightings)

    async def _note_use(self, sightings: Sightings) -> None:
        fresh = {key: span for key, span in sightings.users().items() if self._written.worth_writing(key, span)}
        if fresh:
            await self._usage.put(fresh)
            for key, span in fresh.items():
                self._written.remember(key, span)

    async def _look_up(self, keys: Sequence[ToolKey]) -> dict[ToolKey, Tool]:
        known = {key: tool for key in keys if (tool := self._tools.cached(key)) is not None}
        unknown = [key for key in keys if key not in known]
        if unknown:
            known.update(await self._tools.fetch(unknown))
        return known

    async def _find_shadow_tools(self, unknown: Sequence[ToolKey], sightings: Sightings) -> None:
        now = self._clock.now()
        for key in unknown:
            # Told, then stored: what a crash leaves told but not stored is recognised in the log by its id.
            told = findings.shadow_tool(key, sightings, now)
            await self._tell(told)
            await self._tools.put(key.tenant_id, [told.shadow_tool_found])

    async def _find_violations(self, registry: dict[ToolKey, Tool], sightings: Sightings) -> None:
        for key, tool in registry.items():
            fresh = [e for e in findings.violations(key, tool, sightings) if e.event_id not in self._noted]
            if not fresh:
                continue
            known = await self._trail.known(key.tenant_id, {event.event_id for event in fresh})
            for event in fresh:
                if event.event_id not in known:
                    await self._tell(event)
            self._note(event.event_id for event in fresh)

    def _note(self, ids: Iterable[str]) -> None:
        """Saves asking the trail again for each batch of a tool in use."""
        if len(self._noted) > _NOTED:
            self._noted.clear()
        self._noted.update(ids)

    async def _tell(self, told: GovernanceEvent) -> None:
        await self._events.publish([told])
        await self._trail.append(told.tenant_id, [audit.of_finding(told, self._clock.now())])
