"""Windows of an animal, a group or a herd, added up over hours and local days.

Every function reads in a transaction that sees the caller's farms only.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from core.periods import Resolution, containing, edges
from core.timeline import bucket_of, bucket_start
from storage.measurements.series import MEMBERS, Series


class Total(NamedTuple):
    """One period of a series: seconds over all members, and how many these were.

    `bucket` is its beginning and `length_s` how long it lasts; `possible_s` counts 900 seconds of each member for each
    bucket that has begun, in which it belonged and wore a collar. `standing_ratio` is `None` unless enough of these
    are known. `members` belonged and wore a collar at some time of the period, `heard` of them sent anything.
    """

    bucket: datetime
    length_s: int
    received_s: int
    known_s: int
    standing_s: int
    heard: int
    members: int
    possible_s: int
    standing_ratio: float | None


def totals(
    connection: Connection, series: Series, first: int, last: int, *, resolution: Resolution, zone: tzinfo, most: int
) -> list[Total]:
    """Return the first periods that begin in `[first, last)` and of which anything was heard, in order of time.

    Args:
        connection: Open.
        series: An animal, a group or a herd.
        first: Number of a bucket.
        last: Number of a bucket, not included.
        resolution: How long periods are.
        zone: Where days and hours begin.
        most: Periods, at the most.
    """
    found: list[Total] = []
    while len(found) < most and (heard := _next_heard(connection, series, first)) is not None:
        beginnings = edges(max(first, containing(heard, resolution, zone)), last, resolution, zone, most)
        if not beginnings:
            break
        found += _added_up(connection, series, beginnings)
        first = beginnings[-1]
    return found[:most]


def zone_of(connection: Connection, farm_id: int) -> ZoneInfo:
    """Return the time zone of a farm."""
    query = text("SELECT time_zone FROM farm WHERE id = :farm")
    return ZoneInfo(connection.execute(query, {"farm": farm_id}).scalar_one())


_NEXT: Final = """
SELECT min(f.bucket) FROM ({members}) m CROSS JOIN LATERAL (
  SELECT animov_first_window(m.animal_id, greatest(CAST(:start AS timestamptz), lower(m.during))) AS bucket OFFSET 0) f
WHERE m.during @> f.bucket
"""
_TOTALS: Final = """
WITH edge AS (
  SELECT n::int, e AS upper, lag(e) OVER (ORDER BY n) AS lower
  FROM unnest(CAST(:edges AS int[])) WITH ORDINALITY u (e, n)
), period AS (
  SELECT n - 1 AS n, lower, upper FROM edge WHERE lower IS NOT NULL
), member AS MATERIALIZED ({members}), worn AS (
  SELECT m.animal_id,
         greatest(ceil(extract(epoch FROM lower(m.during)) / 900), floor(extract(epoch FROM lower(a.during)) / 900),
                  :first)::int AS begin,
         least(ceil(extract(epoch FROM upper(m.during)) / 900), ceil(extract(epoch FROM upper(a.during)) / 900),
               :last, floor(extract(epoch FROM animov_now()) / 900) + 1)::int AS finish
  FROM member m JOIN assignment a ON a.animal_id = m.animal_id
  WHERE m.during && tstzrange(:start, :end) AND a.during && tstzrange(:start, :end)
), span AS MATERIALIZED (
  SELECT animal_id, unnest(range_agg(int4range(begin, finish))) AS buckets FROM worn WHERE begin < finish GROUP BY 1
), belonging AS (
  SELECT p.n, count(DISTINCT s.animal_id) AS members,
         900 * sum(least(upper(s.buckets), p.upper) - greatest(lower(s.buckets), p.lower)) AS possible_s
  FROM period p JOIN span s ON lower(s.buckets) < p.upper AND upper(s.buckets) > p.lower
  GROUP BY p.n
), measured AS (
  SELECT width_bucket(w.bucket, CAST(:instants AS timestamptz[])) AS n, sum(w.received_s) AS received_s,
         sum(w.known_s) AS known_s, sum(w.standing_s) AS standing_s, count(DISTINCT w.animal_id) AS heard
  FROM member m CROSS JOIN LATERAL (
    SELECT * FROM farm_window w
    WHERE w.animal_id = m.animal_id AND w.bucket >= :start AND w.bucket < :end OFFSET 0) w
  WHERE m.during @> w.bucket
  GROUP BY 1
)
SELECT p.lower, 900 * (p.upper - p.lower), m.received_s, m.known_s, m.standing_s, m.heard, coalesce(b.members, 0),
       coalesce(b.possible_s, 0),
       CASE WHEN m.known_s > 0 AND m.known_s >= f.coverage * coalesce(b.possible_s, 0)
            THEN m.standing_s::double precision / m.known_s END
FROM measured m JOIN period p ON p.n = m.n LEFT JOIN belonging b ON b.n = m.n
CROSS JOIN (SELECT {coverage} AS coverage FROM farm WHERE id = :farm) f
ORDER BY p.n
"""
"""The buckets of a membership begin in it, those of an assignment are touched by it, as in the history of a series."""


def _next_heard(connection: Connection, series: Series, first: int) -> int | None:
    """Return the first bucket from one on of which anything was heard."""
    query = text(_NEXT.format(members=MEMBERS[series.kind]))
    at = connection.execute(query, {"subject": series.subject, "start": bucket_start(first)}).scalar()
    return None if at is None else bucket_of(at)


def _added_up(connection: Connection, series: Series, beginnings: Sequence[int]) -> list[Total]:
    coverage = "animal_coverage" if series.kind == "animal" else "group_coverage"
    query = text(_TOTALS.format(members=MEMBERS[series.kind], coverage=coverage))
    values: dict[str, Any] = {
        "subject": series.subject,
        "farm": series.farm_id,
        "edges": list(beginnings),
        "instants": [bucket_start(bucket) for bucket in beginnings],
        "first": beginnings[0],
        "last": beginnings[-1],
        "start": bucket_start(beginnings[0]),
        "end": bucket_start(beginnings[-1]),
    }
    return [Total(bucket_start(begin), *rest) for begin, *rest in connection.execute(query, values)]
