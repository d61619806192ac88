"""What ingest measures. `source` is a connector's name, never a value from an event."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter("aifinops_ingest_events_accepted_total", "Events accepted and durable", ["source"])
REJECTED = Counter("aifinops_ingest_events_rejected_total", "Items of requests not accepted", ["source", "code"])
DROPPED_FIELDS = Counter("aifinops_ingest_unknown_fields_total", "Top-level fields nobody knows, dropped", ["source"])
OVERFLOWED_TAGS = Counter(
    "aifinops_ingest_tags_overflowed_total", "Values of tags replaced, because the tag has too many", ["source"]
)
RATE_LIMITED = Counter("aifinops_ingest_rate_limited_total", "Requests over their key's rate")
JOURNALED = Counter("aifinops_ingest_events_journaled_total", "Events made durable by the journal")
FORWARDED = Counter("aifinops_ingest_journal_forwarded_total", "Events sent on from the journal, resends included")
RESENT = Counter("aifinops_ingest_journal_rewinds_total", "Times the whole journal was sent again")
JOURNAL_BYTES = Gauge("aifinops_ingest_journal_bytes", "Size of the journal")
JOURNAL_OLDEST_SECONDS = Gauge("aifinops_ingest_journal_oldest_unsent_seconds", "Age of its oldest event not sent on")
JOURNAL_COMMIT_SECONDS = Histogram("aifinops_ingest_journal_commit_seconds", "Time of one write and fsync")
LEFT_OUT = Counter(
    "aifinops_ingest_otlp_left_out_total",
    "OpenTelemetry items about usage that another item counts, or that the settings do not name",
    ["source", "reason"],
)
REFUSED = Counter("aifinops_ingest_events_refused_total", "Journaled events that the ledger never took, kept aside")
