"""Ingest: usage from any source becomes one kind of event, durable before it is acknowledged."""
