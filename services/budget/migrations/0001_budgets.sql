-- Every version of every budget, so that it can be told who changed what and when; the highest one counts.
CREATE TABLE IF NOT EXISTS budgets
(
    tenant_id  String,
    budget_id  String,
    version    UInt64,
    -- 1: the budget ends with this version.
    deleted    UInt8,
    -- What its owner set: finops.budget.v1.Budget as JSON.
    definition String,
    created_at DateTime64(6, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    -- Name of the key that wrote this version.
    updated_by String
)
ENGINE = MergeTree
ORDER BY (tenant_id, budget_id, version);
