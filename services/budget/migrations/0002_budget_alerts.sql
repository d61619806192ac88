CREATE TABLE IF NOT EXISTS budget_alerts
(
    alert_id          String,
    tenant_id         String,
    budget_id         String,
    budget_created_at DateTime64(6, 'UTC'),
    period_start      DateTime64(6, 'UTC'),
    period_end        DateTime64(6, 'UTC'),
    rolling           UInt8,
    member            Nullable(String),
    basis             UInt8,
    threshold_percent UInt16,
    window_hours      UInt16,
    occurrence        UInt32,
    event             LowCardinality(String),
    spend             Decimal(38, 12),
    limit             Decimal(38, 12),
    told_at           DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant_id, budget_id, alert_id);
