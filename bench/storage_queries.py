"""Views that a dashboard has, over a year of a herd: each as the API asks for it, or a panel of Grafana by SQL."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from storage.measurements import measured, series

Look = Callable[[Connection, int, datetime, datetime], object]
"""Reads a view of a farm over `[start, end)`."""


class View(NamedTuple):
    """A view: what people call it, and how it is read."""

    name: str
    look: Look


def _history(kind: str, back: timedelta, length: timedelta) -> Look:
    def look(connection: Connection, farm_id: int, _start: datetime, end: datetime) -> object:
        of = next(one for one in series.series_of(connection, farm_id) if one.kind == kind)
        return series.history(connection, of, end - back, end - back + length)

    return look


def _asked(statement: str) -> Look:
    def look(connection: Connection, farm_id: int, start: datetime, end: datetime) -> object:
        return connection.execute(text(statement), {"farm": farm_id, "start": start, "end": end}).all()

    return look


def _windows(connection: Connection, _farm_id: int, _start: datetime, end: datetime) -> object:
    return measured.animal_windows(connection, 1, end - timedelta(days=200), end - timedelta(days=193), limit=1000)


_GROUP: Final = "(SELECT min(id) FROM series WHERE group_id IS NOT NULL)"
_HERD: Final = "(SELECT id FROM series WHERE group_id IS NULL AND animal_id IS NULL)"
_DAYS: Final = """SELECT day, standing_s::float8 / nullif(known_s, 0) FROM farm_series_day
WHERE series_id = {of} ORDER BY day"""
_DAY: Final = timedelta(days=1)

QUERIES: Final = (
    View("a group, 48 h by quarters, now", _history("group", 2 * _DAY, 2 * _DAY)),
    View("a group, 48 h by quarters, 300 days ago", _history("group", 300 * _DAY, 2 * _DAY)),
    View("the herd, 48 h by quarters, now", _history("herd", 2 * _DAY, 2 * _DAY)),
    View("the herd, 48 h by quarters, 300 days ago", _history("herd", 300 * _DAY, 2 * _DAY)),
    View("an animal, a week by quarters, 200 days ago", _windows),
    View(
        "an animal, the year by days",
        _asked(
            """SELECT date_trunc('day', bucket, 'UTC'), sum(standing_s)::float8 / nullif(sum(known_s), 0)
            FROM farm_window WHERE animal_id = 1 AND bucket >= :start AND bucket < :end GROUP BY 1 ORDER BY 1"""
        ),
    ),
    View("a group, the year by days", _asked(_DAYS.format(of=_GROUP))),
    View("the herd, the year by days", _asked(_DAYS.format(of=_HERD))),
    View(
        "all groups, the year by days",
        _asked("SELECT series_id, day, standing_s::float8 / nullif(known_s, 0) FROM farm_series_day ORDER BY 1, 2"),
    ),
    View(
        "a group, the year by day and hour",
        _asked(
            f"""SELECT hour, standing_s::float8 / nullif(known_s, 0) FROM farm_series_hour
            WHERE series_id = {_GROUP} AND hour >= :start AND hour < :end ORDER BY hour"""  # noqa: S608 - our own words
        ),
    ),
    View(
        "every animal, its latest window",
        _asked(
            """SELECT a.name, w.* FROM animal a CROSS JOIN LATERAL (
              SELECT bucket, standing_ratio FROM farm_window
              WHERE animal_id = a.id AND bucket >= :end - interval '7 days'
              ORDER BY bucket DESC LIMIT 1) w WHERE a.farm_id = :farm"""
        ),
    ),
    View(
        "every animal, its last day against the seven before",
        _asked(
            """SELECT animal_id, sum(standing_s) FILTER (WHERE bucket >= :end - interval '1 day'),
              sum(standing_s) FILTER (WHERE bucket < :end - interval '1 day')
            FROM farm_window WHERE bucket >= :end - interval '8 days' AND bucket < :end GROUP BY 1"""
        ),
    ),
)

_QUARTERS: Final = """
SELECT g AS time, w.standing_ratio AS measured
FROM generate_series(:end - interval '{back}', :end - interval '{back}' + interval '48 hours', interval '15 min') AS g
LEFT JOIN posture_window w ON w.bucket = g AND w.animal_id = 1
  AND w.bucket BETWEEN :end - interval '{back}' AND :end - interval '{back}' + interval '48 hours' ORDER BY 1"""
_LOCAL_DAYS: Final = """
SELECT s.id, date_trunc('day', h.hour, 'Europe/Paris') AS time, sum(h.standing_s)::float8 / nullif(sum(h.known_s), 0)
FROM series_hour h JOIN series s ON s.id = h.series_id
WHERE {of} AND h.hour >= :start AND h.hour < :end GROUP BY 1, 2 ORDER BY 1, 2"""

PANELS: Final = (
    View("by SQL, an animal, 48 h with its gaps, now", _asked(_QUARTERS.format(back="48 hours"))),
    View("by SQL, an animal, 48 h with its gaps, 300 days ago", _asked(_QUARTERS.format(back="300 days"))),
    View(
        "by SQL, an animal, the year by days",
        _asked(
            """SELECT date_trunc('day', bucket, 'Europe/Paris') AS time,
              sum(standing_s)::float8 / nullif(sum(known_s), 0)
            FROM posture_window WHERE animal_id = 1 AND bucket >= :start AND bucket < :end GROUP BY 1 ORDER BY 1"""
        ),
    ),
    View("by SQL, the herd, the year by local days", _asked(_LOCAL_DAYS.format(of="group_id IS NULL"))),
    View("by SQL, all groups, the year by local days", _asked(_LOCAL_DAYS.format(of="group_id IS NOT NULL"))),
    View(
        "by SQL, the herd, the year by hour of the day",
        _asked(
            """SELECT extract(hour FROM h.hour AT TIME ZONE 'Europe/Paris'), sum(h.standing_s)::float8
              / nullif(sum(h.known_s), 0) FROM series_hour h JOIN series s ON s.id = h.series_id
            WHERE group_id IS NULL AND h.hour >= :start AND h.hour < :end GROUP BY 1 ORDER BY 1"""
        ),
    ),
    View(
        "by SQL, every animal, its last day against the seven before",
        _asked(
            """SELECT a.name, avg(w.standing_s) FILTER (WHERE w.bucket >= :end - interval '1 day'),
              avg(w.standing_s) FILTER (WHERE w.bucket < :end - interval '1 day')
            FROM posture_window w JOIN animal a ON a.id = w.animal_id
            WHERE w.bucket >= :end - interval '8 days' AND w.bucket < :end GROUP BY 1 ORDER BY 1"""
        ),
    ),
    View(
        "by SQL, seconds heard of each group, the last 75 min",
        _asked(
            """SELECT g.name, sum(w.known_s) FROM animal_group g JOIN membership m ON m.group_id = g.id
            JOIN posture_window w ON w.animal_id = m.animal_id AND w.bucket > :end - interval '75 min'
              AND w.bucket <@ m.during GROUP BY 1"""
        ),
    ),
)
"""Asked by the role that reads one farm (`storage.access.readers`), whose tables are those of the schema `panel`."""
