"""What goes wrong there, twice: a batch that runs away, and a release on a dearer model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.demo.workloads import Workload


@dataclass(frozen=True)
class Incident:
    """A span of whole hours in which one workload behaves otherwise."""

    title: str
    workload: str
    start: datetime
    end: datetime
    volume: float = 1.0
    """Times the usual number of requests."""
    model: str = ""
    """The model used instead; empty: the usual one."""

    def changes(self, workload: Workload, hour: datetime) -> bool:
        """Whether it touches this workload in the hour that starts then."""
        return workload.name == self.workload and self.start <= hour < self.end

    def applied(self, workload: Workload) -> Workload:
        """The workload as the incident makes it."""
        return replace(
            workload,
            daily_requests=round(workload.daily_requests * self.volume),
            model=self.model or workload.model,
        )


def incidents(anchor: datetime) -> tuple[Incident, ...]:
    """The incidents of a history that ends at `anchor`, a whole hour."""
    night = (anchor - timedelta(days=10)).replace(hour=0)
    release = anchor - timedelta(hours=44)
    return (
        Incident(
            "document enrichment reads its queue again and again",
            "data-platform/document-enrichment", night, night + timedelta(hours=5), volume=9,
        ),
        Incident(
            "the support assistant is released on a model three times as dear",
            "support/support-assistant", release, release + timedelta(hours=12), model="claude-sonnet-4-6",
        ),
    )  # fmt: skip


def as_it_was(workload: Workload, hour: datetime, happened: Sequence[Incident]) -> Workload:
    """The workload in the hour that starts then, changed by what happened."""
    for incident in happened:
        if incident.changes(workload, hour):
            workload = incident.applied(workload)
    return workload
