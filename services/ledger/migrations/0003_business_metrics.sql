-- What events tell of their sender's own business, such as orders: summed up like any quantity, by name. A tenant has few
-- names, and most rows none. See docs/decisions/0015-business-metrics.md.
ALTER TABLE cost_entries ADD COLUMN IF NOT EXISTS metrics_delta Map(String, Int64) AFTER gpu_milliseconds_delta;

ALTER TABLE costs_hourly ADD COLUMN IF NOT EXISTS metrics SimpleAggregateFunction(sumMap, Map(String, Int64))
    AFTER gpu_milliseconds;

ALTER TABLE costs_daily ADD COLUMN IF NOT EXISTS metrics SimpleAggregateFunction(sumMap, Map(String, Int64))
    AFTER gpu_milliseconds;

ALTER TABLE costs_hourly_view MODIFY QUERY
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
    sumMap(metrics_delta) AS metrics,
    sum(toInt128(cost_picos_delta)) AS cost_picos,
    sum(toInt128(shadow_cost_picos_delta)) AS shadow_cost_picos,
    sum(toInt128(list_cost_picos_delta)) AS list_cost_picos,
    sum(toInt128(contracted_cost_picos_delta)) AS contracted_cost_picos,
    sum(toInt128(billed_cost_picos_delta)) AS billed_cost_picos,
    sum(events_delta) AS events,
    sum(unpriced_events_delta) AS unpriced_events
FROM cost_entries
GROUP BY start, tenant_id, measurement, team, user, project, key, tool, provider, model, environment, source, service_tier;

-- Reads the hourly table's columns anew.
ALTER TABLE costs_daily_view MODIFY QUERY
SELECT * REPLACE (toStartOfDay(start, 'UTC') AS start)
FROM costs_hourly;
