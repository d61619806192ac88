CREATE TABLE IF NOT EXISTS planned_windows
(
    tenant_id          String,
    name               String,
    series             Map(String, String),
    start_unix_micros  Int64,
    end_unix_micros    Int64,
    reason             String,
    author             String,
    create_unix_micros Int64,
    delete_unix_micros Int64 COMMENT '0: it stands; what was closed before stays as it was judged',
    update_unix_micros Int64
)
ENGINE = ReplacingMergeTree(update_unix_micros)
ORDER BY (tenant_id, name);
