CREATE TABLE IF NOT EXISTS anomaly_checkpoints
(
    checkpoint  Int64 COMMENT 'When it was begun, microseconds',
    section     LowCardinality(String) COMMENT 'head, desk or watch',
    tenant_id   String COMMENT 'Of a watch',
    number      UInt32,
    content     String CODEC(NONE) COMMENT 'Compressed before'
)
ENGINE = MergeTree
PARTITION BY checkpoint
ORDER BY (checkpoint, section, tenant_id, number);
