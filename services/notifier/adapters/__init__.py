"""The edges: Kafka, ClickHouse, webhooks, Apprise."""
