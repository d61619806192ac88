"""Kafka as the services see it: records in batches, explicit offsets, dead letters."""
