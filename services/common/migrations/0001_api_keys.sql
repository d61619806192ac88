CREATE TABLE IF NOT EXISTS api_keys
(
    key_id     String,
    key_hash   String,
    tenant_id  String,
    role       LowCardinality(String),
    name       String,
    created_at DateTime64(6, 'UTC'),
    created_by String,
    revoked    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY key_id;
