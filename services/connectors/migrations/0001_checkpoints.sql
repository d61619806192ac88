CREATE TABLE IF NOT EXISTS connector_checkpoints
(
    poller     String,
    reads      String COMMENT 'what is read: connector, base URL, account, options',
    since      DateTime64(6, 'UTC'),
    through    DateTime64(6, 'UTC') COMMENT 'everything since then was sent to ingest up to here',
    polled_at  DateTime64(6, 'UTC'),
    rows       UInt64 COMMENT 'accepted in the poll that saved this',
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY poller;

CREATE TABLE IF NOT EXISTS connector_rejections
(
    poller      String,
    event_id    String,
    code        String COMMENT 'as ingest calls it; unreadable: the connector could make no event of the row',
    message     String,
    event       String COMMENT 'JSON; empty where there is none',
    rejected_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(rejected_at)
ORDER BY (poller, event_id);
