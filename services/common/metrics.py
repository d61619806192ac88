"""Prometheus metrics every service has; a service's own stand in its adapters."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CONSUMED = Counter("aifinops_consumer_records_total", "Records processed and committed", ["group", "topic"])
LAG = Gauge("aifinops_consumer_lag_records", "Records between the committed offset and the log's end",
            ["group", "topic", "partition"])  # fmt: skip
BATCH_SECONDS = Histogram("aifinops_consumer_batch_seconds", "Time to process one batch", ["group"])
BATCH_RECORDS = Histogram("aifinops_consumer_batch_records", "Records in one batch", ["group"],
                          buckets=(1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000))  # fmt: skip
RESYNCS = Counter("aifinops_consumer_resyncs_total", "Batches given up and read again from durable state", ["group"])
DEAD_LETTERS = Counter("aifinops_dead_letters_total", "Records sent to finops.dead-letter.v1",
                       ["group", "topic", "reason"])  # fmt: skip
PRODUCED = Counter("aifinops_producer_records_total", "Records acknowledged by Kafka", ["topic"])
PRODUCE_FAILURES = Counter("aifinops_producer_failures_total", "Records Kafka did not acknowledge", ["topic"])
GRPC_SECONDS = Histogram("aifinops_grpc_server_seconds", "Time to answer a call", ["method", "code"])
HTTP_SECONDS = Histogram("aifinops_http_server_seconds", "Time to answer a request", ["method", "route", "status"])
