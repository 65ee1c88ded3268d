-- Of every farm that there is, something in each table that a panel reads; @now stands for the node's time,
-- @hole and @filled for the ends of a time in which nothing was received.
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
  SELECT a.id, b, 900, 800, 400, 0.5, repeat('1', 900)::bit(900), repeat('1', 900)::bit(900)
  FROM animal a CROSS JOIN generate_series('@now'::timestamptz - interval '5 days 7 minutes', '@now'::timestamptz - interval '22 minutes', '15 min') b
  WHERE NOT (b >= '@hole' AND b < '@filled');
INSERT INTO stored_evidence (collar_id, bucket, method, received, standing, known)
  SELECT c.id, b, 1000, repeat('1', 900)::bit(900), repeat('1', 900)::bit(900), repeat('1', 900)::bit(900)
  FROM collar c CROSS JOIN generate_series('@now'::timestamptz - interval '67 minutes', '@now'::timestamptz - interval '22 minutes', '15 min') b;
INSERT INTO series_hour SELECT s.id, h, 3600, 3200, 1600 FROM series s
  CROSS JOIN generate_series('2025-06-01 00:00+00'::timestamptz, '@now', '1 hour') h WHERE NOT (h >= '@hole' AND h < '@filled');
INSERT INTO animal_day (animal_id, day, start, day_s, received_s, known_s, ordered_s, standing_s, lying_s, lying_bouts, longest_lying_s, until, inferred)
  SELECT a.id, d::date, d, 86400, 80000, 70000, 70000, 35000, 35000, 20, 5400, d + interval '1 day', false
  FROM animal a CROSS JOIN generate_series('2026-05-01 00:00+02'::timestamptz, '@now', '1 day') d WHERE d::date <> '2026-06-10';
INSERT INTO bout SELECT a.id, b, b + interval '30 min', extract(hour FROM b)::int % 2 = 0, false, false
  FROM animal a CROSS JOIN generate_series('@now'::timestamptz - interval '3 days 7 minutes', '@now'::timestamptz - interval '37 minutes', '30 min') b
  WHERE NOT (b >= '@hole' AND b < '@filled') AND b <> '2026-06-15 08:00+00';
INSERT INTO animal_state (animal_id, since, state, reason, looked_at, peak, score, days, standing_h, standing_h_low, standing_h_high, lying_bouts, lying_bouts_low, lying_bouts_high)
  SELECT id, '@now'::timestamptz - interval '2 days', CASE WHEN id % 3 = 0 THEN 'look_now' ELSE 'normal' END, '', '@now', 1, id / 10.0, 21, 11, 9, 13, 20, 15, 25 FROM animal;
INSERT INTO forecast (series_id, issued_at, model, specification, inputs_hash, mean, lower80, upper80, lower95, upper95, seasonal_naive, mean_profile)
  SELECT s.id, i, 'model', '{}', '\x00', array_fill(0.5::real, ARRAY[192]), array_fill(0.4::real, ARRAY[192]), array_fill(0.6::real, ARRAY[192]),
    array_fill(0.3::real, ARRAY[192]), array_fill(0.7::real, ARRAY[192]), '{}', '{}'
  FROM series s CROSS JOIN generate_series('@now'::timestamptz - interval '4 days 7 minutes', '@now'::timestamptz - interval '7 minutes', '15 min') i;
INSERT INTO watched_window SELECT s.id, t, t - interval '1 day', 0.6, 0.55, 0.65, 0.5, 0.9
  FROM series s CROSS JOIN generate_series('@now'::timestamptz - interval '1 day 7 minutes', '@now'::timestamptz - interval '22 minutes', '15 min') t;
INSERT INTO score (series_id, target, band, model, n, sum_squared, sum_absolute, sum_error, covered80, covered95)
  SELECT s.id, t, b, m, 4, CASE m WHEN 'model' THEN 0.04 ELSE 0.16 END, 0.4, 0, CASE m WHEN 'model' THEN 3 END, CASE m WHEN 'model' THEN 4 END
  FROM series s CROSS JOIN generate_series('@now'::timestamptz - interval '3 days 7 minutes', '@now'::timestamptz - interval '22 minutes', '15 min') t
  CROSS JOIN unnest('{1-4,5-24,25-96,97-192}'::text[]) b CROSS JOIN unnest('{model,persistence,mean,seasonal_naive,mean_14d}'::text[]) m;
INSERT INTO forecast_cycle (farm_id, slot, series, seconds) SELECT f.id, t, 2, extract(minute FROM t)
  FROM farm f CROSS JOIN generate_series('@now'::timestamptz - interval '1 day 7 minutes', '@now'::timestamptz - interval '7 minutes', '15 min') t;
INSERT INTO flush_minute SELECT m, gen_random_uuid(), p.*
  FROM generate_series('@now'::timestamptz - interval '20 days', '@now'::timestamptz - interval '1 minute', '1 min') m
  CROSS JOIN (VALUES (2, 120, 0.2, 0.15), (1, 60, 0.4, 0.4)) p WHERE NOT (m >= '@hole' AND m < '@filled');
INSERT INTO model (farm_id, series_id, specification, digest, created_at) SELECT farm_id, id, '"' || farm_id || '"', 'd', '@now' FROM series WHERE group_id IS NOT NULL;
INSERT INTO model_alias (farm_id, series_id, alias, model_id, since) SELECT farm_id, series_id, 'champion', id, '@now' FROM model;
INSERT INTO model_change (farm_id, series_id, at, alias, to_model, why) SELECT farm_id, series_id, '@now'::timestamptz - interval '1 day', 'champion', id, 'trained' FROM model;
INSERT INTO reselection (farm_id, series_id, seen_at, made_at, seen, tried, decision) SELECT farm_id, series_id, '@now', '@now'::timestamptz - interval '2 hours', '{}', '{}', 'kept' FROM model;
INSERT INTO weather_forecast (farm_id, issued_at, first_hour, temperature, humidity, precipitation, wind, cloud)
  SELECT f.id, i, date_trunc('hour', i), (SELECT array_agg((extract(hour FROM i) + k / 100.0)::real ORDER BY k) FROM generate_series(1, 96) k), array_fill(60::real, ARRAY[96]), array_fill(0::real, ARRAY[96]), array_fill(0::real, ARRAY[96]), array_fill(0::real, ARRAY[96])
  FROM farm f CROSS JOIN generate_series('@now'::timestamptz - interval '4 days', '@now', '1 hour') i;
INSERT INTO alert (farm_id, kind, series_id, since, opened_at, last_evidence_at, severity, evidence, expected)
  SELECT farm_id, 'deviation', id, '@now'::timestamptz - interval '2 hours', '@now', '@now', 'warning', '{"direction": "less", "observed": 0.214, "outside": 6, "windows": 8}', '{"mean": 0.55}'
  FROM series WHERE group_id IS NOT NULL;
INSERT INTO alert (farm_id, kind, animal_id, since, opened_at, last_evidence_at, severity, evidence, expected)
  SELECT farm_id, 'motionless', min(id), '@now'::timestamptz - interval '13 hours', '@now', '@now', 'critical', '{"code": "unmoved_lying", "hours": 13.2}', '{}' FROM animal GROUP BY farm_id;
INSERT INTO alert (farm_id, kind, collar_id, since, opened_at, last_evidence_at, severity, evidence, expected, judgement, note)
  SELECT farm_id, 'battery', min(id), '@now'::timestamptz - interval '13 hours', '@now', '@now', 'info', '{"code": "battery_low", "millivolts": 3312.4, "low_millivolts": 3500}', '{}', 'dismissed', 'known' FROM collar GROUP BY farm_id;
INSERT INTO journal (farm_id, kind, start, note, author, written_at) SELECT id, 'ration', '@now'::timestamptz - interval '5 hours', name || ' hay', 'marie', '@now' FROM farm;
INSERT INTO journal (farm_id, animal_id, kind, start, note, author, written_at) SELECT farm_id, min(id), 'kidding', '@now'::timestamptz - interval '6 hours', 'two', 'marie', '@now' FROM animal GROUP BY farm_id;
INSERT INTO collar_status (collar_id, at, battery_v, battery_at, rssi_dbm, firmware) SELECT id, '@now', 3.6, '@now', -80, name FROM collar;
INSERT INTO battery_day SELECT c.id, d::date, 3.6 FROM collar c CROSS JOIN generate_series('2026-05-01'::timestamptz, '@now', '1 day') d;
INSERT INTO raw_pack (farm_id, first_received, last_received, messages, data) SELECT f.id, t, t, 500, '\x00ff'
  FROM farm f CROSS JOIN generate_series('@now'::timestamptz - interval '2 days', '@now', '20 min') t WHERE NOT (t >= '@hole' AND t < '@filled');
INSERT INTO rejected_message (key, farm_id, topic, code, detail, first_received, last_received, count, size, payload)
  SELECT sha256(name::bytea), id, 't', 'malformed', name || ' sent something', '@now', '@now'::timestamptz - interval '1 hour', 3, 1, '' FROM farm;
INSERT INTO posted_message (farm_id, received_at, topic, payload, posted_at) SELECT id, '@now', 't', '', now() FROM farm;
UPDATE clock SET wall_epoch = extract(epoch FROM now()) - 1000, sim_epoch = extract(epoch FROM '@now'::timestamptz), ceiling = extract(epoch FROM '@now'::timestamptz);
