"""Windows beside what a forecast had expected of them, and the rule that says how many may be outside the band.

The forecast that a window is held to was issued a day before it: a forecast that has seen the deviation already expects
it to last. Where no forecast is that old, it is the oldest one issued at least an hour before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.timeline import BUCKET
from storage.measurements import ratios
from storage.measurements.series import Series


class Watched(NamedTuple):
    """One window of a series; ratios 0 to 1.

    Attributes:
        series_id: The series.
        target: First instant of the window.
        issued_at: Of the forecast that expected it.
        mean: Expected.
        lower95: Ends of the band.
        upper95: See `lower95`.
        standing_ratio: What came; `None` where not enough is known.
        known_share: Share of the members' seconds that are known; `None` without members.
    """

    series_id: int
    target: datetime
    issued_at: datetime
    mean: float
    lower95: float
    upper95: float
    standing_ratio: float | None
    known_share: float | None


class Rule(NamedTuple):
    """What the windows of a series are held to on one UTC day; see the comments of the table `watch_rule`."""

    series_id: int
    day: datetime
    windows: int
    needed: int
    correlation: float
    outside_low: float
    outside_high: float
    allowed: float
    expected: float


_MANY: Final = 96
"""Windows of each series that are looked at in one statement."""

_REFRESH = text("""
INSERT INTO watched_window AS w
  (series_id, target, issued_at, mean, lower95, upper95, standing_ratio, known_share)
SELECT c.series_id, c.bucket, coalesce(k.issued_at, e.issued_at), coalesce(k.mean, e.mean),
       coalesce(k.lower95, e.lower95), coalesce(k.upper95, e.upper95),
       c.ratio, c.known_share
FROM unnest(CAST(:series AS int[]), CAST(:buckets AS timestamptz[]),
            CAST(:ratios AS float8[]), CAST(:shares AS float8[])) AS c (series_id, bucket, ratio, known_share)
LEFT JOIN watched_window k ON k.series_id = c.series_id AND k.target = c.bucket
LEFT JOIN LATERAL (
  SELECT f.issued_at, f.mean[at.step] AS mean, f.lower95[at.step] AS lower95, f.upper95[at.step] AS upper95
  FROM (
    (SELECT 1 AS choice, d.issued_at FROM forecast d WHERE d.series_id = c.series_id AND k.series_id IS NULL
       AND d.issued_at <= c.bucket - interval '24 h' AND d.issued_at > c.bucket - interval '48 h'
     ORDER BY d.issued_at DESC LIMIT 1)
    UNION ALL
    (SELECT 2, d.issued_at FROM forecast d WHERE d.series_id = c.series_id AND k.series_id IS NULL
       AND d.issued_at > c.bucket - interval '24 h' AND d.issued_at <= c.bucket - interval '1 h'
     ORDER BY d.issued_at LIMIT 1)
    ORDER BY choice LIMIT 1) nearest
  JOIN forecast f ON f.series_id = c.series_id AND f.issued_at = nearest.issued_at
  CROSS JOIN LATERAL (SELECT (extract(epoch FROM c.bucket - f.issued_at) / 900)::int + 1 AS step) at) e ON true
WHERE coalesce(k.mean, e.mean) IS NOT NULL
ORDER BY c.series_id, c.bucket
ON CONFLICT (series_id, target) DO UPDATE
  SET standing_ratio = excluded.standing_ratio, known_share = excluded.known_share
  WHERE (w.standing_ratio, w.known_share) IS DISTINCT FROM (excluded.standing_ratio, excluded.known_share)
""")
"""That a window is held to a forecast already is asked where forecasts are searched: asked outside, these are searched
in vain."""


def refresh(connection: Connection, series_ids: Sequence[int], start: datetime, end: datetime) -> None:
    """Put the present truth of the windows in `[start, end)` beside what was expected of them.

    What a window is held to is chosen when it is first looked at. A window of which no forecast is at least an hour old
    is left out.
    """
    buckets = [start + slot * BUCKET for slot in range((end - start) // BUCKET)]
    for first in range(0, len(buckets), _MANY):
        came = ratios.measured(connection, series_ids, buckets[first : first + _MANY])
        columns = zip(*came, strict=True) if came else ((),) * 4
        values = dict(zip(("series", "buckets", "ratios", "shares"), map(list, columns), strict=True))
        connection.execute(_REFRESH, values)


_LATEST = text("""
SELECT max(newest.target) FROM unnest(CAST(:series AS int[])) AS s (id)
CROSS JOIN LATERAL (SELECT max(w.target) AS target FROM watched_window w WHERE w.series_id = s.id) newest
""")


def watched_until(connection: Connection, series_ids: Sequence[int]) -> datetime | None:
    """Return the end of the newest window of these series that was looked at; `None` before the first."""
    newest: datetime | None = connection.execute(_LATEST, {"series": list(series_ids)}).scalar()
    return None if newest is None else newest + BUCKET


_WINDOWS = text("""
SELECT series_id, target, issued_at, mean, lower95, upper95, standing_ratio, known_share FROM watched_window
WHERE series_id = ANY (:series) AND target >= :start AND target < :end ORDER BY series_id, target
""")


def windows(connection: Connection, series_ids: Sequence[int], start: datetime, end: datetime) -> list[Watched]:
    """Return the windows of some series in `[start, end)`, by series and time."""
    rows = connection.execute(_WINDOWS, {"series": list(series_ids), "start": start, "end": end})
    return [Watched._make(row) for row in rows]


_OUTSIDE = text("""
SELECT series_id FROM watched_window WHERE series_id = ANY (:series) AND target >= :start AND target < :end
GROUP BY series_id
HAVING greatest(count(*) FILTER (WHERE standing_ratio < lower95), count(*) FILTER (WHERE standing_ratio > upper95))
  >= :least
""")


def outside(
    connection: Connection, series_ids: Sequence[int], start: datetime, end: datetime, *, least: int
) -> Sequence[int]:
    """Return the series of which at least so many windows in `[start, end)` are outside their band on one side."""
    span = {"series": list(series_ids), "start": start, "end": end, "least": least}
    return connection.execute(_OUTSIDE, span).scalars().all()


_RULES = text(f"""
SELECT {", ".join(Rule._fields)} FROM watch_rule WHERE series_id = ANY (:series) AND day >= :first AND day <= :last
""")  # noqa: S608 - our own names
_ADD_RULE = text(
    f"INSERT INTO watch_rule ({', '.join(Rule._fields)}) VALUES ({', '.join(':' + name for name in Rule._fields)}) "  # noqa: S608 - our own names
    "ON CONFLICT DO NOTHING"
)


def rules(connection: Connection, series_ids: Sequence[int], first: datetime, last: datetime) -> list[Rule]:
    """Return the rules of some series for the days that begin in `[first, last]`."""
    rows = connection.execute(_RULES, {"series": list(series_ids), "first": first, "last": last})
    return [Rule._make(row) for row in rows]


def add_rules(connection: Connection, made: Sequence[Rule]) -> None:
    """Keep rules; one that a series has already for a day stays as it is."""
    if made:
        connection.execute(_ADD_RULE, [rule._asdict() for rule in made])


_ANIMALS = text("""
SELECT count(DISTINCT w.animal_id) FROM assignment w JOIN animal a ON a.id = w.animal_id
WHERE a.farm_id = :farm AND w.during && tstzrange(:day, :day + interval '1 day')
""")


def animals_on(connection: Connection, farm_id: int, day: datetime) -> int:
    """Return how many animals of a farm wear a collar at some time of the day that begins at `day`."""
    count: int = connection.execute(_ANIMALS, {"farm": farm_id, "day": day}).scalar_one()
    return count


class Turnover(NamedTuple):
    """Animals of a series within a span, and how many of them changed collars, or came or went."""

    members: int
    reassigned: int
    moved: int


_TURNOVER = text("""
WITH asked AS (SELECT tstzrange(:start, :end) AS span), member AS (
  SELECT m.animal_id, m.during FROM asked, membership m WHERE m.group_id = :group AND m.during && asked.span
  UNION ALL
  SELECT a.id, '(,)'::tstzrange FROM animal a WHERE CAST(:group AS int) IS NULL AND a.farm_id = :farm
    AND (CAST(:animal AS int) IS NULL OR a.id = :animal)
), worn AS (
  SELECT m.animal_id, m.during AS belongs, w.during AS wears
  FROM asked, member m, assignment w WHERE w.animal_id = m.animal_id AND w.during && asked.span
)
SELECT count(DISTINCT animal_id),
  count(DISTINCT animal_id) FILTER (WHERE lower(wears) <@ asked.span OR upper(wears) <@ asked.span),
  count(DISTINCT animal_id) FILTER (WHERE lower(belongs) <@ asked.span OR upper(belongs) <@ asked.span)
FROM worn, asked
""")


def turnover(connection: Connection, one: Series, start: datetime, end: datetime) -> Turnover:
    """Return who of a series' animals changed collars or groups in `[start, end)`."""
    subject = {"group": one.group_id, "animal": one.animal_id, "farm": one.farm_id}
    return Turnover._make(connection.execute(_TURNOVER, {**subject, "start": start, "end": end}).one())
