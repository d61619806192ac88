CREATE TABLE IF NOT EXISTS notifications
(
    tenant_id       String,
    event_id        String,
    destination     String,
    kind            LowCardinality(String),
    severity        LowCardinality(String),
    title           String,
    body            String,
    page            String,
    event_time      DateTime64(6, 'UTC'),
    origin_topic    LowCardinality(String),
    origin_partition UInt32,
    origin_offset   Int64,
    origin_key      String COMMENT 'base64',
    origin_value    String COMMENT 'base64; goes to the dead-letter topic when delivery is given up',
    state           LowCardinality(String) COMMENT 'pending, sending, sent, failed, uncertain, stale',
    attempts        UInt32,
    next_attempt_at DateTime64(6, 'UTC'),
    detail          String,
    created_at      DateTime64(6, 'UTC'),
    updated_at      DateTime64(6, 'UTC'),
    version         UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, event_id, destination);
