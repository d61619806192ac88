CREATE TABLE IF NOT EXISTS anomalies
(
    tenant_id           String,
    name                String,
    state               LowCardinality(String),
    channel             LowCardinality(String),
    severity            LowCardinality(String),
    series              Map(String, String),
    start_unix_micros   Int64,
    end_unix_micros     Int64,
    create_unix_micros  Int64,
    update_unix_micros  Int64,
    impact_usd          Decimal(38, 12),
    summary             String,
    anomaly             String COMMENT 'finops.anomaly.v1.Anomaly as JSON'
)
ENGINE = ReplacingMergeTree(update_unix_micros)
ORDER BY (tenant_id, name);
