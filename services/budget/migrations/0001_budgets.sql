CREATE TABLE IF NOT EXISTS budgets
(
    tenant_id    String,
    budget_id    String,
    display_name String,
    filter       String,
    amount       Decimal(38, 12),
    period       UInt8,
    time_zone    LowCardinality(String),
    thresholds   Array(UInt16),
    enforcement  UInt8,
    created_at   DateTime64(6, 'UTC'),
    updated_at   DateTime64(6, 'UTC'),
    deleted      UInt8,
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, budget_id);
