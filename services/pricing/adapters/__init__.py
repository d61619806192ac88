"""The edges of pricing: the bundled price list, gRPC, Kafka, ClickHouse, metrics."""
