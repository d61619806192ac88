-- The ledger's tables. Money is stored as exact integers of picodollars (1e-12 USD); the Decimal(38, 12) columns are
-- aliases of the same digits for whoever reads these tables with SQL. `measurement` keeps metered spend apart from figures
-- a provider reported: never add the two.

-- One row for each revision of each event's cost. Add the deltas up; totals are of the revision.
--
-- Not partitioned by time: a block of one log partition spans many days when history is loaded, and a partitioned table
-- would write it as several parts, some of which survive a crash and some of which do not. Unpartitioned, an insert block
-- becomes exactly one part, so it is there whole or not at all, and its deduplication token stands for all of it.
--
-- The deduplication token keeps redelivered blocks out. ReplacingMergeTree stands behind it: should the same revision of
-- an event ever be written twice under different tokens, reads with FINAL count it once, the earliest one, because later
-- revisions' deltas build on that one. `reconcile` shows and mends what the rollups counted twice.
CREATE TABLE IF NOT EXISTS cost_entries
(
    tenant_id                    LowCardinality(String),
    event_key                    FixedString(16),
    revision                     UInt32,
    -- The revision moved the event to other dimensions: this row takes back what was booked under the old ones.
    reversal                     Bool,
    content_hash                 FixedString(16),
    time                         DateTime64(6, 'UTC'),
    received                     DateTime64(6, 'UTC'),
    team                         LowCardinality(String),
    user                         LowCardinality(String),
    project                      LowCardinality(String),
    key                          LowCardinality(String),
    tool                         LowCardinality(String),
    provider                     LowCardinality(String),
    model                        LowCardinality(String),
    environment                  LowCardinality(String),
    source                       LowCardinality(String),
    service_tier                 LowCardinality(String),
    session                      String,
    region                       LowCardinality(String),
    batch                        Bool,
    tags                         Map(LowCardinality(String), String),
    outcome                      Enum8('answered' = 0, 'failed' = 1, 'cache_hit' = 2),
    measurement                  Enum8('metered' = 0, 'reported' = 1),
    source_event_id              String,
    -- finops.usage.v1.Quantities, serialized: the totals of this revision.
    quantities                   String,
    input_tokens_delta           Int64,
    cache_read_tokens_delta      Int64,
    cache_write_tokens_delta     Int64,
    cache_write_1h_tokens_delta  Int64,
    output_tokens_delta          Int64,
    reasoning_tokens_delta       Int64,
    input_audio_tokens_delta     Int64,
    output_audio_tokens_delta    Int64,
    input_image_tokens_delta     Int64,
    output_image_tokens_delta    Int64,
    web_searches_delta           Int64,
    requests_delta               Int64,
    seats_delta                  Int64,
    credit_micros_delta          Int64,
    audio_milliseconds_delta     Int64,
    gpu_milliseconds_delta       Int64,
    cost_picos                   Int64,
    shadow_cost_picos            Int64,
    -- The views of FOCUS: at list prices, at contract prices, billed. cost_picos is the effective cost.
    list_cost_picos              Int64,
    contracted_cost_picos        Int64,
    billed_cost_picos            Int64,
    cost_picos_delta             Int64,
    shadow_cost_picos_delta      Int64,
    list_cost_picos_delta        Int64,
    contracted_cost_picos_delta  Int64,
    billed_cost_picos_delta      Int64,
    unpriced_events_delta        Int8,
    events_delta                 Int8,
    correction                   Enum8('none' = 0, 'late_price' = 1, 'price_corrected' = 2, 'contract_changed' = 3,
                                       'manual_adjustment' = 4, 'reattribution' = 5, 'settlement' = 6),
    status                       Enum8('unspecified' = 0, 'priced' = 1, 'partial' = 2, 'unpriced' = 3),
    unpriced_buckets             Array(LowCardinality(String)),
    price_id                     LowCardinality(String),
    price_book_version           LowCardinality(String),
    log_incarnation              LowCardinality(String),
    log_partition                Int32,
    log_offset                   Int64,
    -- Offset of the first record of the insert block this row came in.
    block_start                  Int64,
    usage_incarnation            LowCardinality(String),
    usage_partition              Int32,
    usage_offset                 Int64,
    -- finops.cost.v1.CostRecord as it came: what drill-down returns and re-rating reads.
    record                       String CODEC(ZSTD(3)),
    written_at                   DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    -- Highest for the row written first, which ReplacingMergeTree then keeps.
    precedence                   UInt64 DEFAULT 18446744073709551615 - toUInt64(toUnixTimestamp64Micro(written_at)),
    cost                         Decimal(38, 12) ALIAS reinterpret(toInt128(cost_picos), 'Decimal(38, 12)'),
    cost_delta                   Decimal(38, 12) ALIAS reinterpret(toInt128(cost_picos_delta), 'Decimal(38, 12)'),
    shadow_cost_delta            Decimal(38, 12) ALIAS reinterpret(toInt128(shadow_cost_picos_delta), 'Decimal(38, 12)')
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (tenant_id, time, event_key, revision, reversal)
SETTINGS non_replicated_deduplication_window = 10000;

-- Which block of the cost log each writer took on last (`written` false, noted before it writes it), and how far it has
-- written (`written` true). Whoever takes a partition over writes the block last taken on again, cut at the same offsets
-- and so under the same token: what the entries or a rollup already have of it is dropped there, what is missing is added.
CREATE TABLE IF NOT EXISTS ledger_blocks
(
    log_incarnation           LowCardinality(String),
    log_partition             Int32,
    writer                    String,
    written                   Bool,
    first_offset              Int64,
    last_offset               Int64,
    -- The usage record that the entry before this block came from, and the one its last entry came from.
    usage_incarnation_before  String,
    usage_offset_before       Int64,
    usage_incarnation_after   String,
    usage_offset_after        Int64,
    noted_at                  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY (log_incarnation, log_partition, writer, written);

-- Sums by UTC hour and every dimension but tags. Tags stay in cost_entries: a tag may hold a request's id, and one such tag
-- would make a rollup by tags as long as the entries; queries that name a tag read the entries of their time range.
CREATE TABLE IF NOT EXISTS costs_hourly
(
    -- Of the hour.
    start                  DateTime('UTC'),
    tenant_id              LowCardinality(String),
    measurement            Enum8('metered' = 0, 'reported' = 1),
    team                   LowCardinality(String),
    user                   LowCardinality(String),
    project                LowCardinality(String),
    key                    LowCardinality(String),
    tool                   LowCardinality(String),
    provider               LowCardinality(String),
    model                  LowCardinality(String),
    environment            LowCardinality(String),
    source                 LowCardinality(String),
    service_tier           LowCardinality(String),
    input_tokens           Int64,
    cache_read_tokens      Int64,
    cache_write_tokens     Int64,
    cache_write_1h_tokens  Int64,
    output_tokens          Int64,
    reasoning_tokens       Int64,
    input_audio_tokens     Int64,
    output_audio_tokens    Int64,
    input_image_tokens     Int64,
    output_image_tokens    Int64,
    web_searches           Int64,
    requests               Int64,
    seats                  Int64,
    credit_micros          Int64,
    audio_milliseconds     Int64,
    gpu_milliseconds       Int64,
    cost_picos             Int128,
    shadow_cost_picos      Int128,
    list_cost_picos        Int128,
    contracted_cost_picos  Int128,
    billed_cost_picos      Int128,
    events                 Int64,
    unpriced_events        Int64,
    cost                   Decimal(38, 12) ALIAS reinterpret(cost_picos, 'Decimal(38, 12)'),
    shadow_cost            Decimal(38, 12) ALIAS reinterpret(shadow_cost_picos, 'Decimal(38, 12)')
)
ENGINE = SummingMergeTree
PRIMARY KEY (tenant_id, start, measurement)
ORDER BY (tenant_id, start, measurement, team, user, project, key, tool, provider, model, environment, source,
    service_tier)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS costs_hourly_view TO costs_hourly AS
SELECT
    toStartOfHour(toDateTime(time, 'UTC')) AS start,
    tenant_id, measurement, team, user, project, key, tool, provider, model, environment, source, service_tier,
    sum(input_tokens_delta) AS input_tokens,
    sum(cache_read_tokens_delta) AS cache_read_tokens,
    sum(cache_write_tokens_delta) AS cache_write_tokens,
    sum(cache_write_1h_tokens_delta) AS cache_write_1h_tokens,
    sum(output_tokens_delta) AS output_tokens,
    sum(reasoning_tokens_delta) AS reasoning_tokens,
    sum(input_audio_tokens_delta) AS input_audio_tokens,
    sum(output_audio_tokens_delta) AS output_audio_tokens,
    sum(input_image_tokens_delta) AS input_image_tokens,
    sum(output_image_tokens_delta) AS output_image_tokens,
    sum(web_searches_delta) AS web_searches,
    sum(requests_delta) AS requests,
    sum(seats_delta) AS seats,
    sum(credit_micros_delta) AS credit_micros,
    sum(audio_milliseconds_delta) AS audio_milliseconds,
    sum(gpu_milliseconds_delta) AS gpu_milliseconds,
    sum(toInt128(cost_picos_delta)) AS cost_picos,
    sum(toInt128(shadow_cost_picos_delta)) AS shadow_cost_picos,
    sum(toInt128(list_cost_picos_delta)) AS list_cost_picos,
    sum(toInt128(contracted_cost_picos_delta)) AS contracted_cost_picos,
    sum(toInt128(billed_cost_picos_delta)) AS billed_cost_picos,
    sum(events_delta) AS events,
    sum(unpriced_events_delta) AS unpriced_events
FROM cost_entries
GROUP BY start, tenant_id, measurement, team, user, project, key, tool, provider, model, environment, source, service_tier;

-- The same by UTC day: the same columns and order, `start` being the day's. Fed from the hourly blocks, which are already
-- much shorter than the entries'; SummingMergeTree adds up the hours of a block as it is written.
CREATE TABLE IF NOT EXISTS costs_daily AS costs_hourly;

CREATE MATERIALIZED VIEW IF NOT EXISTS costs_daily_view TO costs_daily AS
SELECT * REPLACE (toStartOfDay(start, 'UTC') AS start)
FROM costs_hourly;

-- The latest revision of each event key, for raters that ask whether they have seen an event. Keys are hashes, so lookups
-- are random: small granules keep a thousand of them cheap.
CREATE TABLE IF NOT EXISTS event_index
(
    event_key              FixedString(16),
    tenant_id              LowCardinality(String),
    revision               UInt32,
    content_hash           FixedString(16),
    time                   DateTime64(6, 'UTC'),
    quantities             String,
    cost_picos             Int64,
    shadow_cost_picos      Int64,
    list_cost_picos        Int64,
    contracted_cost_picos  Int64,
    billed_cost_picos      Int64,
    unpriced               Bool
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY event_key
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS event_index_view TO event_index AS
SELECT event_key, tenant_id, revision, content_hash, time, quantities, cost_picos, shadow_cost_picos, list_cost_picos,
    contracted_cost_picos, billed_cost_picos, status IN ('partial', 'unpriced') AS unpriced
FROM cost_entries
WHERE NOT reversal;
