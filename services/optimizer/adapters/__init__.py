"""The edges: Kafka, ClickHouse, gRPC."""
