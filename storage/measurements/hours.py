"""Seconds of groups and herds by the hour, for views of months and years.

Whoever takes the change feed leaves a marker here for each hour that windows or members changed in; an hour is added
up from the windows as they are then, so late data, new generations and edited memberships need nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text

HOURS_LOCK: Final = 0x484F
"""Key of the advisory lock under which the hours of a farm are brought up to date, with the farm's id."""

TOGETHER: Final = timedelta(days=7)
"""Hours that one transaction answers for span no more."""


def note(connection: Connection, farm_id: int, buckets: Sequence[datetime]) -> None:
    """Note that the hours of some buckets are to be added up again; waits for nobody."""
    if buckets:
        connection.execute(_NOTE, {"farm": farm_id, "buckets": list(buckets)})


def note_spans(connection: Connection, farm_id: int, spans: Sequence[tuple[datetime, datetime]]) -> None:
    """The same for all hours that spans `[start, end)` reach into and of which there are windows."""
    for start, end in spans:
        connection.execute(_NOTE_SPAN, {"farm": farm_id, "start": start, "end": end})


def keep(engine: Engine, farm_id: int, *, kept_since: datetime | None = None) -> int:
    """Add up the newest marked hours of a farm, in one transaction; return how many were marked.

    Args:
        engine: A connection that may write.
        farm_id: The farm.
        kept_since: Windows before it may have been deleted: earlier hours stay as they are.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :farm)"), {"lock": HOURS_LOCK, "farm": farm_id})
        taken = sorted(set(connection.execute(_TAKE, {"farm": farm_id, "within": TOGETHER}).scalars()))
        hours = [hour for hour in taken if kept_since is None or hour >= kept_since]
        if hours:
            values = {"farm": farm_id, "hours": hours, "start": hours[0], "end": hours[-1] + timedelta(hours=1)}
            connection.execute(_ADD_UP, values)
    return len(taken)


_NOTE: Final = text("""
INSERT INTO stale_hour (farm_id, hour)
SELECT DISTINCT CAST(:farm AS int), date_trunc('hour', bucket, 'UTC')
FROM unnest(CAST(:buckets AS timestamptz[])) AS b (bucket)
""")
_NOTE_SPAN: Final = text("""
INSERT INTO stale_hour (farm_id, hour)
SELECT :farm, generate_series(date_trunc('hour', greatest(:start, first), 'UTC'),
  least(:end - interval '1 microsecond', last), interval '1 hour')
FROM (SELECT min(w.first) AS first, max(w.last) AS last FROM animal a CROSS JOIN LATERAL (
    SELECT min(bucket) AS first, max(bucket) AS last FROM posture_window WHERE animal_id = a.id) w
  WHERE a.farm_id = :farm) known
WHERE first IS NOT NULL
""")
_TAKE: Final = text("""
DELETE FROM stale_hour WHERE farm_id = :farm AND hour > (
  SELECT max(hour) FROM stale_hour WHERE farm_id = :farm) - CAST(:within AS interval)
RETURNING hour
""")
_ADD_UP: Final = text("""
WITH member AS MATERIALIZED (
  SELECT s.id AS series_id, m.animal_id, m.during FROM series s JOIN membership m ON m.group_id = s.group_id
  WHERE s.farm_id = :farm AND m.during && tstzrange(:start, :end)
  UNION ALL SELECT s.id, a.id, '(,)' FROM series s JOIN animal a ON a.farm_id = s.farm_id
  WHERE s.farm_id = :farm AND s.group_id IS NULL AND s.animal_id IS NULL
), heard AS MATERIALIZED (
  SELECT w.animal_id, w.bucket, w.received_s, w.known_s, w.standing_s
  FROM (SELECT DISTINCT animal_id FROM member) m CROSS JOIN LATERAL (
    SELECT * FROM posture_window w
    WHERE w.animal_id = m.animal_id AND w.bucket >= :start AND w.bucket < :end OFFSET 0) w
  WHERE date_trunc('hour', w.bucket, 'UTC') = ANY (CAST(:hours AS timestamptz[]))
), fresh AS (
  SELECT m.series_id, date_trunc('hour', w.bucket, 'UTC') AS hour, sum(w.received_s) AS received_s,
         sum(w.known_s) AS known_s, sum(w.standing_s) AS standing_s
  FROM heard w JOIN member m ON m.animal_id = w.animal_id AND m.during @> w.bucket
  GROUP BY 1, 2
), gone AS (
  DELETE FROM series_hour h USING series s
  WHERE s.id = h.series_id AND s.farm_id = :farm AND h.hour = ANY (CAST(:hours AS timestamptz[]))
    AND NOT EXISTS (SELECT FROM fresh f WHERE f.series_id = h.series_id AND f.hour = h.hour)
)
INSERT INTO series_hour AS h (series_id, hour, received_s, known_s, standing_s)
SELECT series_id, hour, received_s, known_s, standing_s FROM fresh ORDER BY series_id, hour
ON CONFLICT (series_id, hour) DO UPDATE
  SET received_s = excluded.received_s, known_s = excluded.known_s, standing_s = excluded.standing_s
  WHERE (h.received_s, h.known_s, h.standing_s) <> (excluded.received_s, excluded.known_s, excluded.standing_s)
""")
