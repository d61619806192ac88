CREATE TABLE IF NOT EXISTS alert_changes
(
    tenant_id   String,
    alert_id    String,
    change_id   String COMMENT 'the id of the event, or of what a person did',
    transition  LowCardinality(String) COMMENT 'fired, updated, noted, reminded, acknowledged, snoozed, resolved',
    at          DateTime64(6, 'UTC'),
    actor       String,
    comment     String,
    until       DateTime64(6, 'UTC') COMMENT 'of a snooze',
    subject     String,
    message     String COMMENT 'JSON; empty where a person acted',
    INDEX by_change change_id TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant_id, alert_id, change_id);

CREATE TABLE IF NOT EXISTS alert_deliveries
(
    tenant_id        String,
    alert_id         String,
    event_id         String COMMENT 'the change it tells of',
    destination      String,
    transition       LowCardinality(String),
    message          String COMMENT 'JSON',
    origin_topic     LowCardinality(String) COMMENT 'empty where a person acted',
    origin_partition UInt32,
    origin_offset    Int64,
    origin_key       String COMMENT 'base64',
    origin_value     String COMMENT 'base64; goes to the dead-letter topic when delivery is given up',
    state            LowCardinality(String) COMMENT 'pending, sending, sent, failed, uncertain, stale, suppressed',
    attempts         UInt32,
    next_attempt_at  DateTime64(6, 'UTC'),
    bundle           String COMMENT 'names those that went in one message; empty before the first attempt',
    detail           String,
    created_at       DateTime64(6, 'UTC'),
    updated_at       DateTime64(6, 'UTC'),
    version          UInt64,
    INDEX by_event event_id TYPE bloom_filter GRANULARITY 1,
    INDEX by_creation created_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, alert_id, event_id, destination);

CREATE TABLE IF NOT EXISTS alert_routes
(
    tenant_id  String,
    route_id   String,
    definition String COMMENT 'JSON of finops.notification.v1.Route, without secrets',
    secrets    String COMMENT 'JSON, encrypted where AIFINOPS_NOTIFIER__SECRET_KEYS is set',
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, route_id);
