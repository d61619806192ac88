-- ClickHouse names a block that a view writes, for its deduplication, by the view too; and after ALTER ... MODIFY QUERY a
-- running server names it otherwise than the same server does once it was restarted. A block that is written again after
-- the restart would then be counted twice in the rollups. Read from their files again, the views have their lasting names.
DETACH TABLE IF EXISTS costs_hourly_view SYNC;

ATTACH TABLE IF NOT EXISTS costs_hourly_view;

DETACH TABLE IF EXISTS costs_daily_view SYNC;

ATTACH TABLE IF NOT EXISTS costs_daily_view;
