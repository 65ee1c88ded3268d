"""What panels of dashboards ask: functions of the schema panel, each planned for the farm and the span it is asked of."""

from alembic import op

revision = "0039"
down_revision = "0038"

# One login may read several farms: what an adviser sees.
READERS = """
ALTER TABLE farm_reader ADD COLUMN several boolean NOT NULL DEFAULT false;
ALTER TABLE farm_reader DROP CONSTRAINT farm_reader_pkey, DROP CONSTRAINT farm_reader_farm_id_key, ADD PRIMARY KEY (role, farm_id);
CREATE UNIQUE INDEX farm_reader_own ON farm_reader (farm_id) WHERE NOT several;
CREATE INDEX farm_reader_farm ON farm_reader (farm_id);
COMMENT ON TABLE farm_reader IS 'Which farms a role of the server sees through the schema panel.';
COMMENT ON COLUMN farm_reader.role IS 'animov_ro_ and the farm''s name as it was, or a name given to who reads several.';
COMMENT ON COLUMN farm_reader.several IS 'Whether the role may read several farms, as advisers do; else it is the one reader of its farm.';
CREATE FUNCTION animov_reader_farms() RETURNS int[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(r.farm_id), '{}') FROM farm_reader r JOIN farm f ON f.id = r.farm_id
  WHERE r.role = session_user AND NOT f.leaving
$$;
COMMENT ON FUNCTION animov_reader_farms() IS 'The farms that whoever logged in may read; none for who is no reader. It goes by the login, which nobody can change.';
"""

OWN = "ANY ((SELECT public.animov_reader_farms())::int[])"
ANIMALS = f"(SELECT id FROM public.animal WHERE farm_id = {OWN})"  # noqa: S608 - our own words
COLLARS = f"(SELECT id FROM public.collar WHERE farm_id = {OWN})"  # noqa: S608 - our own words
SERIES = f"(SELECT id FROM public.series WHERE farm_id = {OWN})"  # noqa: S608 - our own words

VIEWS = {
    "farm": (
        "id, name, title, time_zone, latitude, longitude, events, species, animal_coverage, group_coverage",
        f"id = {OWN}",
    ),
    "animal_group": ("id, name, farm_id", f"farm_id = {OWN}"),
    "animal": ("id, farm_id, name", f"farm_id = {OWN}"),
    "collar": ("id, name, created_at, farm_id", f"farm_id = {OWN}"),
    "membership": ("animal_id, group_id, during", f"animal_id IN {ANIMALS}"),
    "assignment": ("collar_id, animal_id, during", f"animal_id IN {ANIMALS}"),
    "series": ("id, group_id, animal_id, farm_id", f"farm_id = {OWN}"),
    "posture_window": (
        "animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying",
        f"animal_id IN {ANIMALS}",
    ),
    "series_hour": ("series_id, hour, received_s, known_s, standing_s", f"series_id IN {SERIES}"),
    "animal_day": ("*", f"animal_id IN {ANIMALS}"),
    "bout": ("*", f"animal_id IN {ANIMALS}"),
    "animal_state": ("*", f"animal_id IN {ANIMALS}"),
    "forecast": ("*", f"series_id IN {SERIES}"),
    "score": ("*", f"series_id IN {SERIES}"),
    "weather_forecast": ("*", f"farm_id = {OWN}"),
    "collar_status": ("*", f"collar_id IN {COLLARS}"),
    "battery_day": ("*", f"collar_id IN {COLLARS}"),
    "alert": ("*", f"farm_id = {OWN}"),
    "journal": ("*", f"farm_id = {OWN}"),
}

# Through security barriers a join may read all that a farm has; in these bodies it can't, and what they are asked for is
# known when they are planned, so that only the pieces of a hypertable that matter are looked at. Each asks first whose
# the subject is, and has no rows for anybody else.
HEAD = """LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
"""

HOME = f"""
CREATE FUNCTION panel.alerts(farms int[]) RETURNS TABLE (id bigint, farm_id int, kind text, about text, name text, group_id int,
  animal_id int, since timestamptz, severity text, state text, evidence jsonb, expected jsonb)
{HEAD}
BEGIN
  RETURN QUERY SELECT a.id, a.farm_id, a.kind,
    CASE WHEN a.collar_id IS NOT NULL THEN 'collar' WHEN g.id IS NOT NULL THEN 'group' WHEN n.id IS NOT NULL THEN 'animal'
      WHEN s.id IS NOT NULL THEN 'herd' ELSE 'farm' END,
    coalesce(c.name, g.name, n.name, f.name), g.id, n.id, a.since, a.severity, a.state, a.evidence, a.expected
  FROM alert a JOIN farm f ON f.id = a.farm_id LEFT JOIN series s ON s.id = a.series_id
  LEFT JOIN animal_group g ON g.id = coalesce(a.group_id, s.group_id)
  LEFT JOIN animal n ON n.id = coalesce(a.animal_id, s.animal_id) LEFT JOIN collar c ON c.id = a.collar_id
  WHERE a.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND (farms IS NULL OR a.farm_id = ANY (farms))
    AND a.until IS NULL AND a.state IN ('open', 'seen', 'confirmed')
  ORDER BY array_position('{{critical,warning,info}}', a.severity), a.since DESC;
END $$;
COMMENT ON FUNCTION panel.alerts(int[]) IS 'Alerts that go on and that nobody dismissed, of some farms of the reader or, of null, of all: urgent ones first.';

CREATE FUNCTION panel.groups_now(wanted int) RETURNS TABLE (group_id int, "group" text, at timestamptz, ratio double precision,
  known int, animals int, expected double precision, low double precision, high double precision, outside double precision,
  today double precision, week double precision, alerts int)
{HEAD}
DECLARE
  t timestamptz := animov_now();
  slot timestamptz := date_bin('15 min', t, '2000-01-01 00:00+00') - interval '15 min';
  of_farm farm%ROWTYPE;
  midnight timestamptz;
BEGIN
  SELECT * INTO of_farm FROM farm f WHERE f.id = wanted AND f.id = ANY ((SELECT animov_reader_farms())::int[]);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  midnight := date_trunc('day', t, of_farm.time_zone);
  slot := coalesce((SELECT max(w.target) FROM series s JOIN watched_window w ON w.series_id = s.id
    WHERE s.farm_id = wanted AND s.group_id IS NOT NULL AND w.standing_ratio IS NOT NULL
      AND w.target > t - interval '3 hours' AND w.target < t), slot);
  RETURN QUERY
  WITH heard AS (
    SELECT m.group_id, count(*)::int AS animals, coalesce(sum(w.standing_s), 0) AS standing_s, coalesce(sum(w.known_s), 0) AS known_s,
      count(*) FILTER (WHERE w.known_s >= 900 * of_farm.animal_coverage)::int AS known
    FROM animal_group g JOIN membership m ON m.group_id = g.id
    LEFT JOIN posture_window w ON w.animal_id = m.animal_id AND w.bucket = slot
    WHERE g.farm_id = wanted AND m.during @> slot
      AND EXISTS (SELECT FROM assignment a WHERE a.animal_id = m.animal_id AND a.during @> slot)
    GROUP BY m.group_id
  ), days AS (
    SELECT h.series_id, sum(h.standing_s) FILTER (WHERE d.back = 0)::double precision
        / nullif(sum(h.known_s) FILTER (WHERE d.back = 0), 0) AS today,
      sum(h.standing_s) FILTER (WHERE d.back > 0)::double precision
        / nullif(sum(h.known_s) FILTER (WHERE d.back > 0), 0) AS week
    FROM (SELECT back, ((t AT TIME ZONE of_farm.time_zone)::date - back)::timestamp AT TIME ZONE of_farm.time_zone AS start
      FROM generate_series(0, 7) back OFFSET 0) d
    JOIN (SELECT h.* FROM series s CROSS JOIN LATERAL (SELECT h.* FROM series_hour h
        WHERE h.series_id = s.id AND h.hour >= midnight - interval '8 days' AND h.hour < t OFFSET 0) h
      WHERE s.farm_id = wanted) h ON h.hour >= d.start AND h.hour < d.start + (t - midnight)
    GROUP BY h.series_id
  )
  SELECT g.id, g.name, slot,
    CASE WHEN d.known_s > 0 AND d.known_s >= of_farm.group_coverage * 900 * d.animals THEN d.standing_s::double precision / d.known_s END,
    coalesce(d.known, 0), coalesce(d.animals, 0), w.mean::double precision, w.lower95::double precision, w.upper95::double precision,
    (w.standing_ratio - least(greatest(w.standing_ratio, w.lower95), w.upper95))::double precision, y.today, y.week,
    (SELECT count(*)::int FROM alert a WHERE a.farm_id = wanted AND a.until IS NULL AND a.state <> 'dismissed'
       AND (a.group_id = g.id OR a.series_id = s.id))
  FROM animal_group g LEFT JOIN heard d ON d.group_id = g.id LEFT JOIN series s ON s.group_id = g.id
  LEFT JOIN watched_window w ON w.series_id = s.id AND w.target = slot LEFT JOIN days y ON y.series_id = s.id
  WHERE g.farm_id = wanted ORDER BY abs(w.standing_ratio - least(greatest(w.standing_ratio, w.lower95), w.upper95)) DESC NULLS LAST, g.name;
END $$;
COMMENT ON FUNCTION panel.groups_now(int) IS 'Each group of a farm in the latest quarter of an hour that is known: ratio, how many animals of how many are known, what was expected, how far outside the 95 % band it is, today until now against the same hours of the seven days before.';

CREATE FUNCTION panel.farms_now() RETURNS TABLE (farm_id int, farm text, groups int, outside int, urgent int, alerts int, silent int,
  ratio double precision, heard timestamptz)
{HEAD}
DECLARE
  t timestamptz := animov_now();
BEGIN
  RETURN QUERY
  WITH own AS (
    SELECT f.id, coalesce(nullif(f.title, ''), f.name) AS title FROM farm f WHERE f.id = ANY ((SELECT animov_reader_farms())::int[])
  ), latest AS (
    SELECT s.farm_id, s.id, w.* FROM own JOIN series s ON s.farm_id = own.id AND s.group_id IS NOT NULL LEFT JOIN LATERAL (
      SELECT w.standing_ratio, w.lower95, w.upper95 FROM watched_window w
      WHERE w.series_id = s.id AND w.target > t - interval '3 hours' AND w.target < t AND w.standing_ratio IS NOT NULL
      ORDER BY w.target DESC LIMIT 1) w ON true
  ), grouped AS (
    SELECT l.farm_id, count(*)::int AS groups,
      count(*) FILTER (WHERE l.standing_ratio < l.lower95 OR l.standing_ratio > l.upper95)::int AS outside
    FROM latest l GROUP BY l.farm_id
  ), told AS (
    SELECT a.farm_id, count(*)::int AS alerts, count(*) FILTER (WHERE a.severity = 'critical')::int AS urgent,
      count(*) FILTER (WHERE a.kind = 'collar_silent')::int AS silent
    FROM alert a JOIN own ON own.id = a.farm_id WHERE a.until IS NULL AND a.state <> 'dismissed' GROUP BY a.farm_id
  )
  SELECT o.id, o.title, coalesce(g.groups, 0), coalesce(g.outside, 0), coalesce(t.urgent, 0), coalesce(t.alerts, 0), coalesce(t.silent, 0),
    h.standing_s::double precision / nullif(h.known_s, 0), h.hour + interval '1 hour'
  FROM own o LEFT JOIN grouped g ON g.farm_id = o.id LEFT JOIN told t ON t.farm_id = o.id
  LEFT JOIN LATERAL (SELECT h.hour, h.standing_s, h.known_s FROM series s JOIN series_hour h ON h.series_id = s.id
    WHERE s.farm_id = o.id AND s.group_id IS NULL AND s.animal_id IS NULL ORDER BY h.hour DESC LIMIT 1) h ON true
  ORDER BY 5 DESC, 4 DESC, 6 DESC, 9 NULLS FIRST, 2;
END $$;
COMMENT ON FUNCTION panel.farms_now() IS 'A row for each farm of the reader, worst first: groups outside their band, alerts, the newest hour of the herd.';
"""  # noqa: S608 - our own words

GROUP = f"""
CREATE FUNCTION panel.group_line(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, ratio double precision)
{HEAD}
DECLARE
  of_series int;
  coverage real;
  zone text;
  span interval := ends - begins;
BEGIN
  SELECT s.id, f.group_coverage, f.time_zone INTO of_series, coverage, zone FROM series s JOIN farm f ON f.id = s.farm_id
  WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  ends := least(ends, animov_now());
  IF span <= interval '4 days' THEN
    begins := date_bin('15 min', begins, '2000-01-01 00:00+00');
    RETURN QUERY
    WITH worn AS MATERIALIZED (
      SELECT m.animal_id, m.during * a.during AS during FROM membership m JOIN assignment a ON a.animal_id = m.animal_id
      WHERE m.group_id = wanted AND m.during && a.during AND m.during * a.during && tstzrange(begins, ends)
    ), measured AS (
      SELECT w.bucket, sum(w.known_s) AS known_s, sum(w.standing_s) AS standing_s FROM posture_window w
      JOIN worn ON worn.animal_id = w.animal_id AND worn.during && tstzrange(w.bucket, w.bucket + interval '15 min')
      WHERE w.animal_id = ANY (ARRAY(SELECT animal_id FROM worn)) AND w.bucket >= begins AND w.bucket < ends
      GROUP BY w.bucket
    )
    SELECT slot, CASE WHEN m.known_s > 0 AND m.known_s >= coverage * 900
        * (SELECT count(DISTINCT animal_id) FROM worn WHERE worn.during @> slot) THEN m.standing_s::double precision / m.known_s END
    FROM generate_series(begins, ends - interval '1 microsecond', interval '15 min') slot LEFT JOIN measured m ON m.bucket = slot ORDER BY 1;
  ELSIF span <= interval '100 days' THEN
    RETURN QUERY SELECT slot, h.standing_s::double precision / nullif(h.known_s, 0)
    FROM generate_series(date_trunc('hour', begins, 'UTC'), ends - interval '1 microsecond', interval '1 hour') slot
    LEFT JOIN series_hour h ON h.series_id = of_series AND h.hour = slot ORDER BY 1;
  ELSE
    RETURN QUERY SELECT d.day, d.standing_s / nullif(d.known_s, 0)::double precision
    FROM (SELECT day, sum(h.standing_s) AS standing_s, sum(h.known_s) AS known_s
      FROM generate_series(date_trunc('day', begins AT TIME ZONE zone), ends AT TIME ZONE zone, interval '1 day') local
      CROSS JOIN LATERAL (SELECT local AT TIME ZONE zone AS day, (local + interval '1 day') AT TIME ZONE zone AS after) edge
      LEFT JOIN series_hour h ON h.series_id = of_series AND h.hour >= day AND h.hour < after GROUP BY day) d
    ORDER BY 1;
  END IF;
END $$;
COMMENT ON FUNCTION panel.group_line(int, timestamptz, timestamptz) IS 'Standing ratio of a group until now: by quarters of an hour up to four days, by hours up to a hundred, beyond by local days. What is not known is a row with null.';

CREATE FUNCTION panel.group_forecast(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz,
  expected real, low80 real, high80 real, low95 real, high95 real)
{HEAD}
DECLARE
  of_series int := (SELECT s.id FROM series s WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]));
  t timestamptz := animov_now();
BEGIN
  RETURN QUERY SELECT f.issued_at + (h - 1) * interval '15 min', f.mean[h], f.lower80[h], f.upper80[h], f.lower95[h], f.upper95[h]
  FROM (SELECT f.* FROM forecast f WHERE f.series_id = of_series
      AND f.issued_at > t - interval '2 days' AND f.issued_at <= t ORDER BY f.issued_at DESC LIMIT 1) f
  CROSS JOIN generate_series(1, 192) h
  WHERE f.issued_at + (h - 1) * interval '15 min' BETWEEN begins AND ends ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.group_forecast(int, timestamptz, timestamptz) IS 'The latest forecast of a group, no older than two days, with its bands.';

CREATE FUNCTION panel.group_issued(wanted int, begins timestamptz, ends timestamptz, hours int) RETURNS TABLE ("time" timestamptz,
  expected real, low95 real, high95 real)
{HEAD}
DECLARE
  of_series int := (SELECT s.id FROM series s WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]));
  ahead interval := make_interval(hours => hours) - interval '15 min';
  step int := 4 * hours;
  every interval;
BEGIN
  ends := least(ends, animov_now());
  begins := greatest(begins, ends - interval '100 days');
  every := CASE WHEN ends - begins > interval '14 days' THEN interval '1 hour' ELSE interval '15 min' END;
  RETURN QUERY SELECT slot, f.mean[step], f.lower95[step], f.upper95[step]
  FROM generate_series(date_bin(every, begins, '2000-01-01 00:00+00'), ends, every) slot
  LEFT JOIN (SELECT f.* FROM forecast f WHERE f.series_id = of_series
      AND f.issued_at >= begins - ahead - every AND f.issued_at <= ends - ahead) f ON f.issued_at = slot - ahead
  WHERE of_series IS NOT NULL AND step BETWEEN 1 AND 192
  ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.group_issued(int, timestamptz, timestamptz, int) IS 'What was forecast of each quarter of an hour so many hours before it was over, as it was issued; beyond two weeks of one in each hour, of 100 days at the most.';

CREATE FUNCTION panel.group_days(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, standing_h double precision)
{HEAD}
DECLARE
  of_series int;
  zone text;
BEGIN
  SELECT s.id, f.time_zone INTO of_series, zone FROM series s JOIN farm f ON f.id = s.farm_id
  WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  begins := date_trunc('day', begins, zone);
  ends := least(ends, animov_now());
  RETURN QUERY
  WITH days AS (
    SELECT date_trunc('day', h.hour, zone) AS day, sum(h.standing_s) AS standing_s, sum(h.known_s) AS known_s
    FROM series_hour h WHERE h.series_id = of_series AND h.hour >= begins AND h.hour < ends GROUP BY 1)
  SELECT slot, d.standing_s * 24.0::double precision / nullif(d.known_s, 0)
  FROM (SELECT local AT TIME ZONE zone AS slot
    FROM generate_series(begins AT TIME ZONE zone, ends AT TIME ZONE zone, interval '1 day') local) s
  LEFT JOIN days d ON d.day = slot ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.group_days(int, timestamptz, timestamptz) IS 'Hours standing in 24 by local day, of what is known; today until now. A day of which nothing is known is null.';

CREATE FUNCTION panel.habits(wanted int) RETURNS TABLE (animal_id int, animal text, state text, since timestamptz, score double precision,
  standing_h double precision, standing_h_low double precision, standing_h_high double precision,
  lying_bouts double precision, lying_bouts_low double precision, lying_bouts_high double precision, reason text)
{HEAD}
DECLARE
  t timestamptz := animov_now();
BEGIN
  RETURN QUERY SELECT n.id, n.name, h.state, h.since, h.score, h.standing_h, h.standing_h_low, h.standing_h_high,
    h.lying_bouts, h.lying_bouts_low, h.lying_bouts_high, h.reason
  FROM animal_group g JOIN membership m ON m.group_id = g.id JOIN animal n ON n.id = m.animal_id
  LEFT JOIN LATERAL (SELECT a.* FROM animal_state a WHERE a.animal_id = n.id ORDER BY a.since DESC LIMIT 1) h ON true
  WHERE g.id = wanted AND g.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND m.during @> t
  ORDER BY array_position('{{look_now,watch,improving,none,normal}}', h.state), h.score DESC NULLS LAST, n.name;
END $$;
COMMENT ON FUNCTION panel.habits(int) IS 'The animals of a group by how far they are off their own habit, worst first.';
"""  # noqa: S608 - our own words

SURROUNDINGS = f"""
CREATE FUNCTION panel.weather(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz,
  temperature real, humidity real, precipitation real, thi double precision)
{HEAD}
DECLARE
  t timestamptz := animov_now();
BEGIN
  IF NOT coalesce(wanted = ANY ((SELECT animov_reader_farms())::int[]), false) THEN
    RETURN;
  END IF;
  begins := greatest(begins, least(ends, t) - interval '100 days');
  RETURN QUERY
  WITH issues AS (
    SELECT f.issued_at, f.first_hour, f.temperature, f.humidity, f.precipitation, lead(f.issued_at) OVER (ORDER BY f.issued_at) AS next
    FROM weather_forecast f
    WHERE f.farm_id = wanted AND f.fault = '' AND f.issued_at > begins - interval '2 days' AND f.issued_at <= least(ends, t)
  ), hours AS (
    SELECT slot, f.temperature[i] AS temperature, f.humidity[i] AS humidity, f.precipitation[i] AS precipitation
    FROM issues f CROSS JOIN LATERAL generate_series(
      date_bin('1 hour', f.issued_at + interval '1 hour' - interval '1 microsecond', '2000-01-01 00:00+00'),
      least(coalesce(f.next, ends + interval '1 microsecond') - interval '1 microsecond', ends), interval '1 hour') slot
    CROSS JOIN LATERAL (SELECT (extract(epoch FROM slot - f.first_hour) / 3600)::int + 1 AS i) item
  )
  SELECT slot, w.temperature, w.humidity, w.precipitation,
    (1.8 * w.temperature + 32) - (0.55 - 0.0055 * w.humidity) * (1.8 * w.temperature - 26)
  FROM generate_series(date_trunc('hour', begins, 'UTC'), ends, interval '1 hour') slot LEFT JOIN hours w USING (slot) ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.weather(int, timestamptz, timestamptz) IS 'Weather by hour as it was forecast last before it, with the temperature-humidity index of the NRC (1971); 100 days at the most.';

CREATE FUNCTION panel.nights(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, timeend timestamptz)
{HEAD}
DECLARE
  place farm%ROWTYPE;
BEGIN
  SELECT * INTO place FROM farm f WHERE f.id = wanted AND f.id = ANY ((SELECT animov_reader_farms())::int[]) AND f.latitude IS NOT NULL AND f.longitude IS NOT NULL;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  begins := greatest(begins, ends - interval '31 days');
  RETURN QUERY
  WITH noon AS (
    SELECT n - place.longitude / 360 AS j FROM generate_series(
      floor(extract(epoch FROM begins) / 86400 - 10957.5)::int - 1, ceil(extract(epoch FROM ends) / 86400 - 10957.5)::int + 1) n
  ), mean AS (
    SELECT j, 357.5291 + 0.98560028 * j AS m FROM noon
  ), ecliptic AS (
    SELECT j, m, m + 1.9148 * sind(m) + 0.02 * sind(2 * m) + 0.0003 * sind(3 * m) + 282.9372 AS l FROM mean
  ), sun AS (
    SELECT j + 0.0053 * sind(m) - 0.0069 * sind(2 * l) AS transit, asind(sind(l) * sind(23.4397)) AS declination FROM ecliptic
  ), day AS (
    SELECT transit, (sind(-0.833) - sind(place.latitude) * sind(declination)) / (cosd(place.latitude) * cosd(declination)) AS cosine FROM sun
  ), edge AS (
    SELECT to_timestamp(86400 * (transit - acosd(cosine) / 360 + 10957.5)) AS rise,
      to_timestamp(86400 * (transit + acosd(cosine) / 360 + 10957.5)) AS set
    FROM day WHERE cosine BETWEEN -1 AND 1
  ), night AS (
    SELECT set, lead(rise) OVER (ORDER BY rise) AS rise FROM edge
  )
  SELECT set, rise FROM night WHERE rise > begins AND set < ends AND rise - set < interval '24 hours' ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.nights(int, timestamptz, timestamptz) IS 'From sunset to sunrise at a farm, by the sunrise equation to some two minutes; none where the place is not known or the sun does not set. 31 days at the most.';

CREATE FUNCTION panel.events(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, timeend timestamptz, name text)
{HEAD}
DECLARE
  of_farm farm%ROWTYPE;
BEGIN
  SELECT * INTO of_farm FROM farm f WHERE f.id = wanted AND f.id = ANY ((SELECT animov_reader_farms())::int[]);
  begins := greatest(begins, ends - interval '31 days');
  RETURN QUERY SELECT start, start + make_interval(mins => (e ->> 'minutes')::int), e ->> 'name'
  FROM jsonb_array_elements(of_farm.events) e CROSS JOIN generate_series(
    date_trunc('day', begins AT TIME ZONE of_farm.time_zone), ends AT TIME ZONE of_farm.time_zone, interval '1 day') midnight
  CROSS JOIN LATERAL (SELECT (midnight::date + (e ->> 'at')::time) AT TIME ZONE of_farm.time_zone AS start) s
  WHERE start BETWEEN begins AND ends ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.events(int, timestamptz, timestamptz) IS 'Milking, feeding and other daily events of a farm; 31 days at the most.';

CREATE FUNCTION panel.marks(wanted int, of_group int, of_animal int, begins timestamptz, ends timestamptz)
RETURNS TABLE ("time" timestamptz, timeend timestamptz, kind text, note text)
{HEAD}
BEGIN
  RETURN QUERY SELECT j.start, j.until, j.kind, concat_ws(' ', n.name, j.note) FROM journal j LEFT JOIN animal n ON n.id = j.animal_id
  WHERE j.farm_id = wanted AND j.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND j.start BETWEEN begins AND ends
    AND (of_animal IS NULL OR j.animal_id IS NULL OR j.animal_id = of_animal)
    AND (of_group IS NULL OR j.group_id IS NULL OR j.group_id = of_group)
    AND (of_group IS NULL OR j.animal_id IS NULL OR j.animal_id = ANY (ARRAY(SELECT m.animal_id FROM membership m WHERE m.group_id = of_group))
      AND EXISTS (SELECT FROM membership m WHERE m.animal_id = j.animal_id AND m.group_id = of_group AND m.during @> j.start))
  ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.marks(int, int, int, timestamptz, timestamptz) IS 'What the journal says of a farm, of a group with its animals and of an animal.';
"""  # noqa: S608 - our own words

ANIMAL = f"""
CREATE FUNCTION panel.animal_timeline(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, state text)
{HEAD}
BEGIN
  IF NOT EXISTS (SELECT FROM animal a WHERE a.id = wanted AND a.farm_id = ANY ((SELECT animov_reader_farms())::int[])) THEN
    RETURN;
  END IF;
  ends := least(ends, animov_now());
  begins := greatest(begins, ends - interval '14 days');
  RETURN QUERY
  WITH spans AS MATERIALIZED (
    SELECT b.start, b.until AS ended, b.lying FROM bout b
    WHERE b.animal_id = wanted AND b.start < ends AND b.start > begins - interval '2 days' AND b.until > begins
    UNION ALL SELECT begins, begins, NULL
  ), gaps AS MATERIALIZED (
    SELECT greatest(ended, begins) AS begin, coalesce(lead(start) OVER (ORDER BY start, ended), ends) AS after FROM spans
  ), heard AS MATERIALIZED (
    SELECT w.bucket, w.received_s FROM posture_window w
    WHERE w.animal_id = wanted AND w.bucket >= begins - interval '15 min' AND w.bucket < ends
  )
  SELECT greatest(start, begins), CASE WHEN lying THEN 'lying' ELSE 'standing' END FROM spans WHERE lying IS NOT NULL
  UNION ALL SELECT greatest(slot, begin), CASE WHEN w.received_s > 0 THEN 'unknown' ELSE 'no_data' END
  FROM gaps CROSS JOIN LATERAL generate_series(
    date_bin('15 min', begin, '2000-01-01 00:00+00'), after - interval '1 microsecond', interval '15 min') slot
  LEFT JOIN heard w ON w.bucket = slot WHERE begin < after
  ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.animal_timeline(int, timestamptz, timestamptz) IS 'When an animal began to stand or lie, when its posture was not known and when nothing came: changes until now, of two weeks at the most.';

CREATE FUNCTION panel.animal_days(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz,
  standing_h double precision, low double precision, high double precision, lying_bouts int, longest_lying_h double precision)
{HEAD}
DECLARE
  zone text;
BEGIN
  SELECT f.time_zone INTO zone FROM animal a JOIN farm f ON f.id = a.farm_id WHERE a.id = wanted AND f.id = ANY ((SELECT animov_reader_farms())::int[]);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT local AT TIME ZONE zone,
    CASE WHEN d.known_s > 0.5 * d.day_s THEN d.standing_s * 24.0::double precision / nullif(d.standing_s + d.lying_s, 0) END,
    h.standing_h_low, h.standing_h_high, d.lying_bouts, d.longest_lying_s / 3600.0::double precision
  FROM generate_series(date_trunc('day', begins AT TIME ZONE zone), least(ends, animov_now()) AT TIME ZONE zone, interval '1 day') local
  LEFT JOIN animal_day d ON d.animal_id = wanted AND d.day = local::date
  LEFT JOIN LATERAL (SELECT a.standing_h_low, a.standing_h_high FROM animal_state a
    WHERE a.animal_id = wanted AND a.since < (local + interval '1 day') AT TIME ZONE zone ORDER BY a.since DESC LIMIT 1) h ON true
  ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.animal_days(int, timestamptz, timestamptz) IS 'The daily sheets of an animal beside what was usual for it: hours standing in 24 where half of the day is known, else null.';

CREATE FUNCTION panel.animal_bouts(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE (start timestamptz, ended timestamptz,
  lying boolean, minutes double precision, complete boolean)
{HEAD}
BEGIN
  RETURN QUERY SELECT b.start, b.until, b.lying, (extract(epoch FROM b.until - b.start) / 60)::double precision, NOT (b.open_start OR b.open_end)
  FROM animal a JOIN bout b ON b.animal_id = a.id
  WHERE a.id = wanted AND a.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND b.start >= begins AND b.start < ends
  ORDER BY b.start DESC LIMIT 500;
END $$;
COMMENT ON FUNCTION panel.animal_bouts(int, timestamptz, timestamptz) IS 'The latest 500 bouts of standing and lying of an animal in a span, the last first.';
"""  # noqa: S608 - our own words

COLLAR = f"""
CREATE FUNCTION panel.collars(wanted int, of_animal int) RETURNS TABLE (collar_id int, collar text, animal text, heard timestamptz, silent_s double precision,
  battery_v real, battery_at timestamptz, rssi_dbm real, firmware text, received double precision, known double precision)
{HEAD}
DECLARE
  t timestamptz := animov_now();
  yesterday date;
BEGIN
  SELECT (t AT TIME ZONE f.time_zone)::date - 1 INTO yesterday FROM farm f WHERE f.id = wanted AND f.id = ANY ((SELECT animov_reader_farms())::int[]);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT c.id, c.name, n.name, e.heard, extract(epoch FROM t - e.heard)::double precision, s.battery_v, s.battery_at, s.rssi_dbm, s.firmware,
    d.received_s::double precision / d.day_s, d.known_s::double precision / d.day_s
  FROM collar c LEFT JOIN assignment a ON a.collar_id = c.id AND a.during @> t LEFT JOIN animal n ON n.id = a.animal_id
  LEFT JOIN collar_status s ON s.collar_id = c.id
  LEFT JOIN LATERAL (SELECT e.bucket + length(rtrim(e.received::text, '0')) * interval '1 s' AS heard FROM evidence e
    WHERE e.collar_id = c.id AND e.bucket > t - interval '14 days' ORDER BY e.bucket DESC LIMIT 1) e ON true
  LEFT JOIN animal_day d ON d.animal_id = a.animal_id AND d.day = yesterday
  WHERE c.farm_id = wanted AND (of_animal IS NULL OR a.animal_id = of_animal) ORDER BY e.heard NULLS FIRST, c.name;
END $$;
COMMENT ON FUNCTION panel.collars(int, int) IS 'The collars of a farm, or of one animal, the one heard the longest ago first: when within two weeks it was heard, its battery, and the shares of yesterday received and known of its animal.';

CREATE FUNCTION panel.battery(wanted int, of_animal int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, collar text, least_v real)
{HEAD}
DECLARE
  t timestamptz := animov_now();
BEGIN
  RETURN QUERY
  WITH own AS (
    SELECT c.id, c.name, s.battery_v FROM collar c LEFT JOIN collar_status s ON s.collar_id = c.id
    WHERE c.farm_id = wanted AND c.farm_id = ANY ((SELECT animov_reader_farms())::int[])
      AND (of_animal IS NULL OR c.id IN (SELECT a.collar_id FROM assignment a WHERE a.animal_id = of_animal AND a.during @> t))
    ORDER BY s.battery_v, c.name LIMIT 20)
  SELECT b.day::timestamp AT TIME ZONE 'UTC', own.name, b.least_v FROM battery_day b JOIN own ON own.id = b.collar_id
  WHERE b.collar_id = ANY (ARRAY(SELECT id FROM own)) AND b.day >= (begins AT TIME ZONE 'UTC')::date AND b.day <= (ends AT TIME ZONE 'UTC')::date
  ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION panel.battery(int, int, timestamptz, timestamptz) IS 'The least volts of each day of the twenty weakest collars of a farm, or of those of one animal.';

CREATE FUNCTION panel.messages(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, messages bigint, bytes bigint)
{HEAD}
BEGIN
  IF NOT coalesce(wanted = ANY ((SELECT animov_reader_farms())::int[]), false) THEN
    RETURN;
  END IF;
  ends := least(ends, animov_now());
  begins := date_trunc('hour', greatest(begins, ends - interval '31 days'), 'UTC');
  RETURN QUERY
  WITH packed AS (
    SELECT date_bin('1 hour', p.last_received, '2000-01-01 00:00+00') AS hour, sum(p.messages)::bigint AS messages, sum(octet_length(p.data))::bigint AS bytes
    FROM raw_pack p WHERE p.farm_id = wanted AND p.last_received >= begins AND p.last_received < ends GROUP BY 1)
  SELECT slot, p.messages, p.bytes FROM generate_series(begins, ends, interval '1 hour') slot LEFT JOIN packed p ON p.hour = slot ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.messages(int, timestamptz, timestamptz) IS 'Messages admitted and the bytes of their packs by hour, as long as raw messages are kept; null for an hour without any.';

CREATE FUNCTION panel.rejects(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE (code text, messages bigint, latest timestamptz, detail text)
{HEAD}
BEGIN
  RETURN QUERY
  WITH refused AS (
    SELECT r.code, sum(r.count)::bigint AS messages, max(r.last_received) AS latest FROM rejected_message r
    WHERE r.farm_id = wanted AND r.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND r.last_received >= begins AND r.last_received <= ends
    GROUP BY r.code)
  SELECT f.code, f.messages, f.latest, (SELECT r.detail FROM rejected_message r
    WHERE r.farm_id = wanted AND r.code = f.code AND r.last_received = f.latest ORDER BY r.key LIMIT 1)
  FROM refused f ORDER BY 2 DESC, 1;
END $$;
COMMENT ON FUNCTION panel.rejects(int, timestamptz, timestamptz) IS 'Messages of a farm that were refused, by reason; counted as often as they came.';
"""  # noqa: S608 - our own words

MODEL = f"""
CREATE FUNCTION panel.errors(wanted int, ends timestamptz) RETURNS TABLE (band text, model text, n bigint, rmse double precision,
  mae double precision, covered80 double precision, covered95 double precision)
{HEAD}
DECLARE
  of_series int := (SELECT s.id FROM series s WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]));
BEGIN
  ends := least(ends, animov_now());
  RETURN QUERY SELECT c.band, c.model, sum(c.n), sqrt(sum(c.sum_squared) / nullif(sum(c.n), 0)), sum(c.sum_absolute) / nullif(sum(c.n), 0),
    sum(c.covered80)::double precision / nullif(sum(c.n), 0), sum(c.covered95)::double precision / nullif(sum(c.n), 0)
  FROM score c WHERE c.series_id = of_series AND c.target >= ends - interval '14 days' AND c.target < ends
  GROUP BY c.band, c.model
  ORDER BY array_position('{{1-4,5-24,25-96,97-192}}', c.band), array_position('{{model,persistence,mean,seasonal_naive,mean_14d}}', c.model);
END $$;
COMMENT ON FUNCTION panel.errors(int, timestamptz) IS 'Errors of the forecasts of a group and of the four baselines by band of horizon, over 14 days; shares of the truth that lay within the bands.';

CREATE FUNCTION panel.skill(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, band text, skill double precision)
{HEAD}
DECLARE
  of_series int;
  zone text;
  days timestamptz[];
BEGIN
  SELECT s.id, f.time_zone INTO of_series, zone FROM series s JOIN farm f ON f.id = s.farm_id WHERE s.group_id = wanted AND f.id = ANY ((SELECT animov_reader_farms())::int[]);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  ends := least(ends, animov_now());
  begins := date_trunc('day', greatest(begins, ends - interval '28 days'), zone);
  days := ARRAY(SELECT local AT TIME ZONE zone FROM generate_series(begins AT TIME ZONE zone, ends AT TIME ZONE zone, interval '1 day') local);
  RETURN QUERY
  WITH sums AS (
    SELECT width_bucket(c.target, days) AS day, c.band, c.model, sum(c.sum_squared) / nullif(sum(c.n), 0) AS mse
    FROM score c WHERE c.series_id = of_series AND c.target >= begins AND c.target < ends GROUP BY 1, 2, 3
  ), best AS (
    SELECT day, band, min(mse) FILTER (WHERE model = 'model') AS ours, min(mse) FILTER (WHERE model <> 'model') AS theirs
    FROM sums GROUP BY 1, 2
  )
  SELECT d.start, b, 1 - sqrt(best.ours / nullif(best.theirs, 0))
  FROM unnest(days) WITH ORDINALITY d (start, number)
  CROSS JOIN unnest('{{1-4,5-24,25-96,97-192}}'::text[]) b
  LEFT JOIN best ON best.day = d.number AND best.band = b ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION panel.skill(int, timestamptz, timestamptz) IS 'By local day and band of horizon 1 - RMSE of the model / RMSE of the best baseline of that day; 28 days at the most.';

CREATE FUNCTION panel.reigning(wanted int) RETURNS TABLE (alias text, model_id int, since timestamptz, specification text)
{HEAD}
BEGIN
  RETURN QUERY SELECT a.alias, a.model_id, a.since, m.specification FROM series s JOIN model_alias a ON a.series_id = s.id JOIN model m ON m.id = a.model_id
  WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]) ORDER BY a.alias;
END $$;
COMMENT ON FUNCTION panel.reigning(int) IS 'Champion and challenger of a group; none as long as the default of the farm forecasts.';

CREATE FUNCTION panel.model_changes(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, kind text, what text, from_model int, to_model int)
{HEAD}
BEGIN
  RETURN QUERY SELECT c.at, c.alias, c.why, c.from_model, c.to_model FROM series s JOIN model_change c ON c.series_id = s.id AND c.farm_id = s.farm_id
  WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND c.at BETWEEN begins AND ends
  UNION ALL SELECT r.made_at, 'reselection', r.decision, NULL, r.model_id FROM series s JOIN reselection r ON r.series_id = s.id
  WHERE s.group_id = wanted AND s.farm_id = ANY ((SELECT animov_reader_farms())::int[]) AND r.made_at BETWEEN begins AND ends
  ORDER BY 1 DESC;
END $$;
COMMENT ON FUNCTION panel.model_changes(int, timestamptz, timestamptz) IS 'When champion and challenger of a group changed and why, and what was decided where the skill was lost; the last first.';
"""  # noqa: S608 - our own words

SYSTEM = f"""
CREATE FUNCTION panel.health(wanted int) RETURNS TABLE (window_age_s double precision, slot_age_s double precision, posted int,
  posted_oldest_s double precision, changed int, database_bytes bigint)
{HEAD}
DECLARE
  t timestamptz := animov_now();
  own boolean := coalesce(wanted = ANY ((SELECT animov_reader_farms())::int[]), false);
BEGIN
  RETURN QUERY SELECT extract(epoch FROM t - (
      SELECT max(w.bucket) + interval '15 min' FROM animal a CROSS JOIN LATERAL (SELECT w.bucket FROM posture_window w
        WHERE w.animal_id = a.id AND w.bucket > t - interval '1 day' ORDER BY w.bucket DESC LIMIT 1) w
      WHERE a.farm_id = wanted))::double precision,
    extract(epoch FROM t - (SELECT max(c.slot) FROM forecast_cycle c WHERE c.farm_id = wanted))::double precision,
    (SELECT count(*)::int FROM posted_message p WHERE p.farm_id = wanted),
    (SELECT extract(epoch FROM clock_timestamp() - min(p.posted_at))::double precision FROM posted_message p WHERE p.farm_id = wanted),
    (SELECT count(*)::int FROM changed_bucket b WHERE b.farm_id = wanted), pg_database_size(current_database())
  WHERE own;
END $$;
COMMENT ON FUNCTION panel.health(int) IS 'How late a farm is: seconds since the end of its newest window, null after a day, and since its newest forecast; messages and changed buckets that wait; size of the whole database.';

CREATE FUNCTION panel.jobs() RETURNS TABLE (lane text, waiting int, oldest_s double precision, under_way int, failed int)
{HEAD}
BEGIN
  RETURN QUERY SELECT j.lane, j.waiting, j.oldest_s, j.under_way, j.failed FROM animov_jobs() j WHERE animov_reader_farms() <> '{{}}';
END $$;
COMMENT ON FUNCTION panel.jobs() IS 'The jobs of the node by lane, of no farm in particular.';

CREATE FUNCTION panel.cycles(wanted int, begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, seconds real, series int)
{HEAD}
DECLARE
  every interval;
BEGIN
  IF NOT coalesce(wanted = ANY ((SELECT animov_reader_farms())::int[]), false) THEN
    RETURN;
  END IF;
  ends := least(ends, animov_now());
  begins := greatest(begins, ends - interval '100 days');
  every := CASE WHEN ends - begins > interval '14 days' THEN interval '1 hour' ELSE interval '15 min' END;
  begins := date_bin(every, begins, '2000-01-01 00:00+00');
  RETURN QUERY SELECT due, c.seconds, c.series FROM generate_series(begins, ends, every) due
  LEFT JOIN (SELECT date_bin(every, o.slot, '2000-01-01 00:00+00') AS due, max(o.seconds) AS seconds, max(o.series) AS series
    FROM forecast_cycle o WHERE o.farm_id = wanted AND o.slot >= begins AND o.slot <= ends GROUP BY 1) c USING (due) ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.cycles(int, timestamptz, timestamptz) IS 'Seconds that each forecast of a farm took, and of how many series; null where none was made. Beyond two weeks the longest of each hour, 100 days at the most.';
"""  # noqa: S608 - our own words


def upgrade() -> None:
    op.execute(READERS)
    for name, (columns, condition) in VIEWS.items():
        op.execute(
            f"CREATE OR REPLACE VIEW panel.{name} WITH (security_barrier) AS SELECT {columns} FROM public.{name} WHERE {condition}"  # noqa: S608 - our own words
        )
        op.execute(f"COMMENT ON VIEW panel.{name} IS 'Of {name}, the rows of the reader''s farms.'")
    op.execute("DROP FUNCTION animov_reader_farm()")
    for functions in (HOME, GROUP, SURROUNDINGS, ANIMAL, COLLAR, MODEL, SYSTEM):
        op.execute(functions)
    op.execute(
        "COMMENT ON SCHEMA panel IS 'What a reader sees: the rows of its own farms, and functions that answer for panels of dashboards.'"
    )
    op.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA panel FROM PUBLIC")
    op.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA panel TO animov_ro")
