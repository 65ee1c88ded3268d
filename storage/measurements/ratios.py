"""The ratios of all series of a farm, kept by day: what a cycle reads, and what forecasts are held against.

They follow from windows, memberships and assignments alone. The change feed tells which buckets to look at again, so
that a cycle costs what has changed and not what is known.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.timeline import BUCKET, EPOCH
from storage.measurements import changes, series
from storage.measurements.series import Series

RATIOS_LOCK: Final = 0x5241
"""Key of the advisory lock under which the ratios of a farm are brought up to date, with the farm's id."""

DAY: Final = timedelta(days=1)

_MANY: Final = 4 * 96
"""Buckets that are worked out in one statement."""

_FRESH: Final = """
WITH asked AS (
  SELECT bucket FROM unnest(CAST(:buckets AS timestamptz[])) AS b (bucket)
), span AS (
  SELECT tstzrange(min(bucket), max(bucket) + interval '15 min') AS whole FROM asked
), followed AS MATERIALIZED (
  SELECT s.id, s.farm_id, s.group_id, s.animal_id, s.known_since,
         CASE WHEN s.animal_id IS NULL THEN f.group_coverage ELSE f.animal_coverage END AS coverage
  FROM series s JOIN farm f ON f.id = s.farm_id WHERE s.id = ANY (:series)
), member AS MATERIALIZED (
  SELECT s.id AS series_id, m.animal_id, m.during FROM followed s JOIN membership m ON m.group_id = s.group_id
  UNION ALL SELECT s.id, s.animal_id, '(,)' FROM followed s WHERE s.animal_id IS NOT NULL
  UNION ALL SELECT s.id, a.id, '(,)' FROM followed s JOIN animal a ON a.farm_id = s.farm_id
    WHERE s.group_id IS NULL AND s.animal_id IS NULL
), worn AS MATERIALIZED (
  SELECT m.series_id, m.animal_id, m.during AS belongs, a.during AS wears,
         m.during @> span.whole AND a.during @> span.whole AS throughout
  FROM span, member m JOIN assignment a ON a.animal_id = m.animal_id
  WHERE m.during && span.whole AND a.during && span.whole
), always AS MATERIALIZED (
  SELECT DISTINCT series_id, animal_id FROM worn WHERE throughout
), constant AS MATERIALIZED (
  SELECT series_id, count(*) AS members FROM always GROUP BY 1
), sometimes AS MATERIALIZED (
  SELECT w.series_id, b.bucket, count(DISTINCT w.animal_id) AS members
  FROM worn w JOIN asked b ON w.belongs @> b.bucket AND w.wears && tstzrange(b.bucket, b.bucket + interval '15 min')
  WHERE NOT EXISTS (SELECT FROM always a WHERE a.series_id = w.series_id AND a.animal_id = w.animal_id)
  GROUP BY 1, 2
), heard AS MATERIALIZED (
  SELECT w.animal_id, w.bucket, w.known_s, w.standing_s
  FROM (SELECT DISTINCT animal_id FROM member) m CROSS JOIN LATERAL (
    SELECT * FROM posture_window w
    WHERE w.animal_id = m.animal_id AND w.bucket = ANY (CAST(:buckets AS timestamptz[])) OFFSET 0) w
), parts AS (
  SELECT s.id AS series_id, b.bucket, coalesce(c.members, 0) AS members, 0 AS known_s, 0 AS standing_s
  FROM followed s LEFT JOIN constant c ON c.series_id = s.id CROSS JOIN asked b
  UNION ALL SELECT series_id, bucket, members, 0, 0 FROM sometimes
  UNION ALL SELECT m.series_id, w.bucket, 0, w.known_s, w.standing_s
    FROM heard w JOIN member m ON m.animal_id = w.animal_id AND m.during @> w.bucket
), whole AS MATERIALIZED (
  SELECT series_id, bucket, sum(members) AS members, sum(known_s) AS known_s, sum(standing_s) AS standing_s
  FROM parts GROUP BY 1, 2
), fresh AS (
  SELECT w.series_id, s.known_since, w.bucket,
         CASE WHEN w.known_s > 0 AND w.known_s >= s.coverage * 900 * w.members
         THEN w.standing_s::double precision / w.known_s END AS ratio,
         CASE WHEN w.members > 0 THEN w.known_s::double precision / (900 * w.members) END AS known_share
  FROM whole w JOIN followed s ON s.id = w.series_id
)
"""
"""Who belongs and wears throughout is counted once, the others bucket by bucket; OFFSET 0 keeps each member's windows
a look-up by key, whatever the planner thinks of loops."""

_KEEP: Final = text(
    f"""{_FRESH}, placed AS (
  SELECT series_id, bucket, coalesce(ratio, 'NaN')::real AS ratio, date_trunc('day', bucket, 'UTC') AS day,
         (extract(epoch FROM bucket)::bigint % 86400 / 900)::int + 1 AS item
  FROM fresh WHERE bucket >= known_since
), by_day AS (
  SELECT series_id, day, array_agg(item ORDER BY item) AS items, array_agg(ratio ORDER BY item) AS ratios
  FROM placed GROUP BY 1, 2
), there AS MATERIALIZED (
  SELECT series_id, day, ratios FROM series_day
  WHERE series_id = ANY (:series) AND day = ANY (CAST(:days AS timestamptz[]))
), differing AS (
  SELECT DISTINCT p.bucket FROM placed p LEFT JOIN there d USING (series_id, day)
  WHERE coalesce(d.ratios[p.item], 'NaN') <> p.ratio
), kept AS (
  INSERT INTO series_day AS d (series_id, day, ratios)
  SELECT n.series_id, n.day,
         animov_patched(coalesce(o.ratios, array_fill('NaN'::real, ARRAY[96])), n.items, n.ratios)
  FROM by_day n LEFT JOIN there o USING (series_id, day) ORDER BY 1, 2
  ON CONFLICT (series_id, day) DO UPDATE SET ratios = excluded.ratios WHERE d.ratios <> excluded.ratios
) SELECT bucket FROM differing ORDER BY bucket"""  # noqa: S608 - our own words
)
_TRUTH: Final = text(f"{_FRESH} SELECT series_id, bucket, ratio::real FROM fresh WHERE ratio IS NOT NULL")  # noqa: S608 - as above
_MEASURED: Final = text(f"{_FRESH} SELECT series_id, bucket, ratio, known_share FROM fresh ORDER BY 1, 2")  # noqa: S608 - as above
_OUTDATED: Final = text("""
UPDATE series s SET known_since = :start, coverage = wanted.coverage
FROM (SELECT o.id, CASE WHEN o.animal_id IS NULL THEN f.group_coverage ELSE f.animal_coverage END AS coverage,
             CASE WHEN o.coverage IS DISTINCT FROM (CASE WHEN o.animal_id IS NULL THEN f.group_coverage
               ELSE f.animal_coverage END) THEN NULL ELSE o.known_since END AS known_since,
             o.coverage IS NOT NULL AND o.coverage <> (CASE WHEN o.animal_id IS NULL THEN f.group_coverage
               ELSE f.animal_coverage END) AS is_judged_otherwise
      FROM series o JOIN farm f ON f.id = o.farm_id WHERE o.farm_id = :farm) wanted
WHERE s.id = wanted.id AND (wanted.known_since IS NULL OR wanted.known_since > :start)
RETURNING s.id, wanted.known_since, wanted.is_judged_otherwise
""")
_LOCK: Final = "SELECT pg_advisory_xact_lock(:lock, :farm)"
_EXPECTED: Final = text("""
SELECT min(oldest.issued_at) + CASE WHEN min(scored.target) < min(oldest.issued_at) THEN interval '2 days'
         ELSE interval '0' END, max(newest.issued_at) FROM series s
CROSS JOIN LATERAL (SELECT issued_at FROM forecast WHERE series_id = s.id ORDER BY issued_at LIMIT 1) oldest
CROSS JOIN LATERAL (SELECT issued_at FROM forecast WHERE series_id = s.id ORDER BY issued_at DESC LIMIT 1) newest
LEFT JOIN LATERAL (SELECT target FROM score WHERE series_id = s.id ORDER BY target LIMIT 1) scored ON true
WHERE s.farm_id = :farm
""")
"""From which slot to which forecasts can be held against the truth; where older ones were deleted, only slots of which
none is missing: what is left of a score would be less than it was."""


class Measured(NamedTuple):
    """What came of a series in a bucket: its ratio if that counts, and which share of its members' seconds is known."""

    series_id: int
    bucket: datetime
    ratio: float | None
    known_share: float | None


class Days(NamedTuple):
    """Ratios of some series: of each series and UTC day 96 of them, in the layout of PostgreSQL's `array_send`."""

    series_id: int
    day: datetime
    ratios: bytes


def refresh(connection: Connection, farm_id: int, start: datetime, until: datetime) -> list[Series]:
    """Bring the ratios of a farm's series up to date in `[start, until)`; return the series, the herd first.

    Takes the markers of the change feed before `until`, and notes the slots whose forecasts are to be scored again.
    All comes back if the transaction does not commit. Who comes second waits for the first.
    """
    values = {"lock": RATIOS_LOCK, "farm": farm_id}
    connection.execute(text(_LOCK), values)
    marked = changes.take(connection, farm_id, until=until)
    edited = changes.take_spans(connection, farm_id)
    followed = series.ensure_series(connection, farm_id)  # after the markers, or one that they are for may be missing
    everybody = [one.id for one in followed]
    judged_otherwise = _fill_in(connection, farm_id, start, until)
    _keep(connection, farm_id, everybody, marked)
    differing = _keep(connection, farm_id, everybody, _within(connection, farm_id, edited))
    note_unscored(connection, farm_id, [*judged_otherwise, *marked, *differing])
    return followed


def reach_back(connection: Connection, farm_id: int, start: datetime, until: datetime) -> None:
    """Work out what lies before the days that are kept, if a farm's series are wanted from further back."""
    query = """SELECT EXISTS (SELECT FROM series
      WHERE farm_id = :farm AND (known_since IS NULL OR known_since > :start))"""
    if connection.execute(text(query), {"farm": farm_id, "start": EPOCH + (start - EPOCH) // DAY * DAY}).scalar_one():
        connection.execute(text(_LOCK), {"lock": RATIOS_LOCK, "farm": farm_id})
        _fill_in(connection, farm_id, start, until)


@contextmanager
def _hashed(connection: Connection) -> Iterator[None]:
    """Join by hashes: of tables made within a statement the planner expects a row, and would compare all with all."""
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    connection.execute(text("SET LOCAL enable_nestloop = on"))


def days_between(connection: Connection, series_ids: Sequence[int], start: datetime, end: datetime) -> list[Days]:
    """Return the days that `[start, end)` reaches into, as `refresh` left them."""
    rows = connection.execute(
        text(
            """SELECT series_id, day, array_send(ratios) FROM series_day
            WHERE series_id = ANY (:series) AND day > CAST(:start AS timestamptz) - interval '1 day' AND day < :end"""
        ),
        {"series": list(series_ids), "start": start, "end": end},
    )
    return [Days(*row) for row in rows]


def measured(connection: Connection, series_ids: Sequence[int], buckets: Sequence[datetime]) -> list[Measured]:
    """Return what came of some series in some buckets, as the windows are now, by series and time."""
    values = {"series": list(series_ids), "buckets": list(buckets)}
    with _hashed(connection):
        return [Measured(*row) for row in connection.execute(_MEASURED, values)]


def truth_of(
    connection: Connection, series_ids: Sequence[int], buckets: Sequence[datetime]
) -> dict[datetime, dict[int, float]]:
    """Return the ratios of some buckets by series id, as the windows are now; unknown ones are left out."""
    found: dict[datetime, dict[int, float]] = {bucket: {} for bucket in buckets}
    with _hashed(connection):
        rows = connection.execute(_TRUTH, {"series": list(series_ids), "buckets": list(buckets)}).all()
    for series_id, bucket, ratio in rows:
        found[bucket][series_id] = ratio
    return found


def forget(connection: Connection, farm_id: int, before: datetime) -> int:
    """Keep the ratios of a farm's series no longer that lie before a UTC day; return how many days went.

    In one transaction with the lock: who works out what is wanted from further back finds both as they were, or both
    as they are.
    """
    connection.execute(text(_LOCK), {"lock": RATIOS_LOCK, "farm": farm_id})
    values = {"farm": farm_id, "day": EPOCH - (EPOCH - before) // DAY * DAY}
    connection.execute(
        text("UPDATE series SET known_since = :day WHERE farm_id = :farm AND known_since < :day"), values
    )
    statement = (
        "DELETE FROM series_day d USING series s WHERE s.id = d.series_id AND s.farm_id = :farm AND d.day < :day"
    )
    return connection.execute(text(statement), values).rowcount


def take_unscored(connection: Connection, farm_id: int, *, until: datetime, most: int) -> list[datetime]:
    """Take the newest slots before an instant that wait for their scores; they come back without a commit."""
    rows = connection.execute(
        text(
            """DELETE FROM unscored_bucket WHERE (farm_id, bucket) IN (
              SELECT farm_id, bucket FROM unscored_bucket WHERE farm_id = :farm AND bucket < :until
              ORDER BY bucket DESC LIMIT :most FOR UPDATE SKIP LOCKED)
            RETURNING bucket"""
        ),
        {"farm": farm_id, "until": until, "most": most},
    )
    return sorted(rows.scalars())


def _fill_in(connection: Connection, farm_id: int, start: datetime, until: datetime) -> list[datetime]:
    """Work out what lies before the days that are kept: all of it for a series that is new or judged otherwise.

    Returns:
        The buckets in which a series that is judged otherwise has another ratio.
    """
    day = EPOCH + (start - EPOCH) // DAY * DAY
    lacking: dict[tuple[datetime | None, bool], list[int]] = {}
    for series_id, *why in connection.execute(_OUTDATED, {"farm": farm_id, "start": day}):
        lacking.setdefault((why[0], why[1]), []).append(series_id)
    differing: list[datetime] = []
    for (known_since, is_judged_otherwise), series_ids in lacking.items():
        end = known_since or _end_of_days(connection, farm_id, until)
        buckets = [day + slot * BUCKET for slot in range((end - day) // BUCKET)]
        found = _keep(connection, farm_id, series_ids, buckets)
        differing += found if is_judged_otherwise else []
    return differing


def _end_of_days(connection: Connection, farm_id: int, until: datetime) -> datetime:
    """Return `until`, or the end of what has been worked out or is known already."""
    query = """SELECT max(last.day) FROM (
      SELECT d.day FROM series s CROSS JOIN LATERAL (
        SELECT day FROM series_day WHERE series_id = s.id ORDER BY day DESC LIMIT 1) d WHERE s.farm_id = :farm
      UNION ALL SELECT date_trunc('day', w.bucket, 'UTC') FROM animal a CROSS JOIN LATERAL (
        SELECT bucket FROM posture_window WHERE animal_id = a.id ORDER BY bucket DESC LIMIT 1) w
      WHERE a.farm_id = :farm) AS last"""
    last: datetime | None = connection.execute(text(query), {"farm": farm_id}).scalar()
    return until if last is None else max(until, last + DAY)


def _within(connection: Connection, farm_id: int, edited: Sequence[tuple[datetime, datetime]]) -> list[datetime]:
    """Return the buckets of kept days that edited spans reach into."""
    if not edited:
        return []
    query = "SELECT min(known_since) FROM series WHERE farm_id = :farm"
    first: datetime = connection.execute(text(query), {"farm": farm_id}).scalar_one()
    last = _end_of_days(connection, farm_id, first)
    found: set[datetime] = set()
    for lower, upper in edited:
        begin, end = max(lower, first), min(upper, last)
        begin -= (begin - EPOCH) % BUCKET
        found.update(begin + slot * BUCKET for slot in range(max(0, -((begin - end) // BUCKET))))
    return sorted(found)


def _keep(
    connection: Connection, farm_id: int, series_ids: Sequence[int], buckets: Sequence[datetime]
) -> list[datetime]:
    """Work buckets out and keep them; return those in which a ratio differs from what was kept."""
    differing: list[datetime] = []
    for first in range(0, len(buckets), _MANY):
        some = list(buckets[first : first + _MANY])
        days = sorted({EPOCH + (bucket - EPOCH) // DAY * DAY for bucket in some})
        values = {"farm": farm_id, "series": list(series_ids), "buckets": some, "days": days}
        with _hashed(connection):
            differing += connection.execute(_KEEP, values).scalars()
    return differing


def note_unscored(connection: Connection, farm_id: int, buckets: Sequence[datetime]) -> None:
    """Let slots wait for their scores; those are left out for which not all is there that was ever foretold."""
    oldest, newest = connection.execute(_EXPECTED, {"farm": farm_id}).one()
    wanted = [bucket for bucket in buckets if oldest is not None and oldest <= bucket < newest + 2 * DAY]
    if wanted:
        connection.execute(
            text("INSERT INTO unscored_bucket SELECT :farm, unnest(:buckets) ON CONFLICT DO NOTHING"),
            {"farm": farm_id, "buckets": sorted(set(wanted))},
        )
