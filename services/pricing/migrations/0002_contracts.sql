-- Every version of every contract, so that it can be told what was agreed when; the last one recorded counts.
CREATE TABLE IF NOT EXISTS contracts
(
    tenant_id   String,
    name        String,
    -- finops.pricing.v1.Contract as JSON; empty where it was removed.
    definition  String,
    recorded_at DateTime64(6, 'UTC'),
    recorded_by String
)
ENGINE = MergeTree
ORDER BY (tenant_id, name, recorded_at);

-- Every rate put for a day; the last one recorded counts.
CREATE TABLE IF NOT EXISTS fx_rates
(
    tenant_id    String,
    currency     LowCardinality(String),
    -- Midnight of the UTC day it counts from.
    day          DateTime64(6, 'UTC'),
    -- US dollars for one unit, exactly as it was put.
    usd_per_unit String,
    source       String,
    recorded_at  DateTime64(6, 'UTC'),
    recorded_by  String
)
ENGINE = MergeTree
ORDER BY (tenant_id, currency, day, recorded_at);
