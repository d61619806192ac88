CREATE TABLE IF NOT EXISTS labels
(
    tenant_id          String,
    name               String COMMENT 'of the anomaly',
    verdict            LowCardinality(String) COMMENT 'VERDICT_UNSPECIFIED: taken back',
    author             String,
    note               String,
    label_unix_micros  Int64 COMMENT 'since when it reads so: the watch learns from there on',
    update_unix_micros Int64
)
ENGINE = ReplacingMergeTree(update_unix_micros)
ORDER BY (tenant_id, name);
