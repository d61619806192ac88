CREATE TABLE IF NOT EXISTS seats
(
    tenant_id   String,
    tool        String,
    provider    LowCardinality(String),
    plan        LowCardinality(String),
    user        String,
    assigned    DateTime64(6, 'UTC') COMMENT 'the epoch: unknown',
    last_active DateTime64(6, 'UTC') COMMENT 'the epoch: unknown, which is not idleness',
    pending     Bool COMMENT 'its cancellation is under way',
    seen        DateTime64(6, 'UTC') COMMENT 'time of the newest seat event',
    daily_cost  Decimal(38, 12) COMMENT 'dollars for the UTC day of that event',
    priced      Bool,
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, tool, provider, plan, user);

CREATE TABLE IF NOT EXISTS recommendations
(
    tenant_id           String,
    name                String,
    rule                LowCardinality(String),
    state               LowCardinality(String),
    monthly_saving_low  Decimal(38, 12),
    monthly_saving      Decimal(38, 12),
    monthly_saving_high Decimal(38, 12),
    confidence          Float64,
    created_at          DateTime64(6, 'UTC'),
    updated_at          DateTime64(6, 'UTC'),
    message             String COMMENT 'finops.recommendation.v1.Recommendation as JSON',
    revision            UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant_id, name);
