"""The ledger's edges: ClickHouse, gRPC, metrics."""
