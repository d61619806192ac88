"""The engines of one machine: Kafka's protocol from a wheel, ClickHouse's engine in a library. Child processes."""
