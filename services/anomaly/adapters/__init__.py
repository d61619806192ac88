"""The edges: ClickHouse, Kafka, gRPC, Prometheus and the clock."""
