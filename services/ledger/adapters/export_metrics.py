"""What scheduled exports count."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from services.common.clock import SECOND, Micros

LAST_SUCCESS = Gauge(
    "aifinops_ledger_export_last_success_timestamp_seconds",
    "When every closed day was last known to be exported as the ledger has it; 0 before the first time",
)
FILES = Counter("aifinops_ledger_export_files_total", "Files exported", ["reason"])
FAILURES = Counter("aifinops_ledger_export_failures_total", "Runs of the scheduled export that were given up")


class ExportMeasures:
    """Implements `handlers.export_schedule.ExportMeasures`."""

    def exported(self, *, again: bool) -> None:
        FILES.labels("changed" if again else "new").inc()

    def complete(self, moment: Micros) -> None:
        LAST_SUCCESS.set(moment / SECOND)

    def failed(self) -> None:
        FAILURES.inc()
