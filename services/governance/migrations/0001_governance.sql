CREATE TABLE IF NOT EXISTS tools
(
    tenant_id    String,
    tool_id      String,
    display_name String,
    category     LowCardinality(String),
    owner        String,
    status       LowCardinality(String),
    created_at   DateTime64(6, 'UTC'),
    updated_at   DateTime64(6, 'UTC'),
    version      UInt64 COMMENT 'updated_at in microseconds; 0 for a finding, so that any decision wins over it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, tool_id);

CREATE TABLE IF NOT EXISTS approvals
(
    tenant_id     String,
    approval_id   String,
    tool_id       String,
    display_name  String,
    category      LowCardinality(String),
    requester     String,
    justification String,
    state         LowCardinality(String),
    decided_by    String,
    reason        String,
    created_at    DateTime64(6, 'UTC'),
    decided_at    DateTime64(6, 'UTC') COMMENT 'the epoch while undecided',
    stage         UInt8 COMMENT '0 recorded, 1 tool and audit written, 2 event published',
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, approval_id);

CREATE TABLE IF NOT EXISTS audit_entries
(
    tenant_id String,
    id        String COMMENT 'an entry written again after a crash has the same id; the first one counts',
    time      DateTime64(6, 'UTC'),
    actor     String,
    action    LowCardinality(String),
    subject   String,
    detail    String
)
ENGINE = MergeTree
ORDER BY (tenant_id, time, id);

CREATE TABLE IF NOT EXISTS tool_usage
(
    tenant_id  String,
    tool       String,
    user       String,
    first_seen SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen  SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant_id, tool, user);
