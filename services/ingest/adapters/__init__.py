"""The edges of ingest: HTTP in, Kafka and the journal out, the ledger asked."""
