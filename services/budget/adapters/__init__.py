"""The edges of the budget service: Kafka, ClickHouse, gRPC, Prometheus."""
