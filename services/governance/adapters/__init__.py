"""The edges: ClickHouse, Kafka, gRPC."""
