-- How long each table was told to keep its rows, and since when: so that nobody takes rows that expired for rows that are
-- missing. `days` 0: for ever.
CREATE TABLE IF NOT EXISTS ledger_retention
(
    source      LowCardinality(String),
    days        UInt32,
    applied_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (source, applied_at);
