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

CREATE TABLE IF NOT EXISTS budget_alerts
(
    alert_id          String,
    tenant_id         String,
    budget_id         String,
    threshold_percent UInt16,
    period_start      DateTime64(6, 'UTC'),
    period_end        DateTime64(6, 'UTC'),
    spend             Decimal(38, 12),
    fired_at          DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant_id, budget_id, alert_id);
