CREATE TABLE IF NOT EXISTS price_overrides
(
    tenant_id          String,
    provider           String,
    model              String,
    service_tier       LowCardinality(String),
    batch              UInt8,
    effective_from     DateTime64(6, 'UTC'),
    -- The epoch: no end.
    effective_to       DateTime64(6, 'UTC'),
    -- One step of a price ladder at each index: bucket, threshold of input tokens, picodollars for a million units.
    buckets            Array(LowCardinality(String)),
    above_input_tokens Array(Int64),
    prices             Array(Int64),
    source             String,
    recorded_at        DateTime64(6, 'UTC'),
    recorded_by        String
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (tenant_id, provider, model, service_tier, batch, effective_from);
