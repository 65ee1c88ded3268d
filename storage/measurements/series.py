"""What is forecast: the groups of a farm, its herd, single animals; and their measured history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Series:
    """A group, an animal, or, with neither, the whole herd; `name` is what people call it, empty for the herd."""

    id: int
    farm_id: int
    group_id: int | None
    animal_id: int | None
    name: str

    @property
    def kind(self) -> str:
        """`group`, `animal` or `herd`."""
        return "group" if self.group_id is not None else "animal" if self.animal_id is not None else "herd"

    @property
    def subject(self) -> int:
        """Id of the group or animal, or of the farm whose herd it is."""
        return self.group_id or self.animal_id or self.farm_id


class Measured(NamedTuple):
    """One bucket of a series.

    `standing_ratio` is seconds standing over seconds known, `None` unless enough of the members' seconds are known;
    `heard` of `members` sent anything. Members wear a collar at some time of the bucket and, in a group's series,
    belong to the group at the bucket's start.
    """

    bucket: datetime
    received_s: int
    known_s: int
    standing_s: int
    heard: int
    members: int
    standing_ratio: float | None


_SERIES = """
SELECT s.id, s.farm_id, s.group_id, s.animal_id, coalesce(g.name, a.name, '') AS name
FROM series s LEFT JOIN animal_group g ON g.id = s.group_id LEFT JOIN animal a ON a.id = s.animal_id
WHERE {condition} ORDER BY s.group_id NULLS FIRST, s.animal_id
"""


def ensure_series(connection: Connection, farm_id: int) -> list[Series]:
    """Make the series of a farm's herd and groups where they are missing; return all that it has, the herd first."""
    connection.execute(
        text(
            """INSERT INTO series (farm_id, group_id)
            SELECT farm_id, id FROM animal_group WHERE farm_id = :farm UNION ALL SELECT :farm, NULL
            ON CONFLICT DO NOTHING"""
        ),
        {"farm": farm_id},
    )
    return series_of(connection, farm_id)


def series_of(connection: Connection, farm_id: int) -> list[Series]:
    """Return the series of a farm, the herd first."""
    rows = connection.execute(text(_SERIES.format(condition="s.farm_id = :farm")), {"farm": farm_id})
    return [Series(*row) for row in rows]


MEMBERS = {
    "group": "SELECT animal_id, during FROM membership WHERE group_id = :subject",
    "animal": "SELECT id AS animal_id, '(,)'::tstzrange AS during FROM animal WHERE id = :subject",
    "herd": "SELECT id AS animal_id, '(,)'::tstzrange AS during FROM animal WHERE farm_id = :subject",
}
"""Who belongs to a series, and when."""

_HISTORY = """
WITH asked AS (SELECT tstzrange(:start, :end) AS span), member AS MATERIALIZED (
  SELECT m.animal_id, m.during, m.during @> asked.span AS throughout FROM asked, ({members}) m
  WHERE m.during && asked.span
), worn AS MATERIALIZED (
  SELECT m.animal_id, m.during AS belongs, a.during AS wears, m.throughout AND a.during @> asked.span AS throughout
  FROM asked, member m JOIN assignment a ON a.animal_id = m.animal_id WHERE a.during && asked.span
), always AS MATERIALIZED (
  SELECT DISTINCT animal_id FROM worn WHERE throughout
), sometimes AS MATERIALIZED (
  SELECT * FROM worn WHERE animal_id NOT IN (SELECT animal_id FROM always)
), measured AS MATERIALIZED (
  SELECT bucket, sum(received_s) AS received_s, sum(known_s) AS known_s, sum(standing_s) AS standing_s,
         count(*) AS heard
  FROM (
    SELECT w.bucket, w.received_s, w.known_s, w.standing_s FROM farm_window w
    WHERE w.animal_id = ANY (ARRAY(SELECT animal_id FROM member WHERE throughout))
      AND w.bucket >= :start AND w.bucket < :end
    UNION ALL
    SELECT w.bucket, w.received_s, w.known_s, w.standing_s FROM member m CROSS JOIN LATERAL (
      SELECT * FROM farm_window w
      WHERE w.animal_id = m.animal_id AND w.bucket >= :start AND w.bucket < :end OFFSET 0) w
    WHERE NOT m.throughout AND m.during @> w.bucket) w
  GROUP BY bucket
), changing AS (
  SELECT m.bucket, count(DISTINCT s.animal_id) AS members
  FROM measured m JOIN sometimes s
    ON s.belongs @> m.bucket AND s.wears && tstzrange(m.bucket, m.bucket + interval '15 min')
  GROUP BY m.bucket
), counted AS (
  SELECT m.*, (SELECT count(*) FROM always) + coalesce(c.members, 0) AS members
  FROM measured m LEFT JOIN changing c USING (bucket)
)
SELECT m.bucket, m.received_s, m.known_s, m.standing_s, m.heard, m.members,
       CASE WHEN m.known_s > 0 AND m.known_s >= f.coverage * 900 * m.members
            THEN m.standing_s::double precision / m.known_s END AS standing_ratio
FROM counted m CROSS JOIN (SELECT {coverage} AS coverage FROM farm WHERE id = :farm) f
ORDER BY m.bucket
"""
"""Members that belong and wear throughout are counted once, the others bucket by bucket. The windows of those that
belong throughout are looked up together: one by one they cost half as much again, and joined to the security barrier
every window of the span would be read. OFFSET 0 keeps those of each other member a look-up by key."""
_HISTORY_OF = {
    kind: text(_HISTORY.format(members=members, coverage=f"{'animal' if kind == 'animal' else 'group'}_coverage"))
    for kind, members in MEMBERS.items()
}


def history(connection: Connection, series: Series, start: datetime, end: datetime) -> Sequence[Measured]:
    """Return the buckets of a series in `[start, end)` of which anything was heard, in order of time."""
    values = {"subject": series.subject, "farm": series.farm_id, "start": start, "end": end}
    return [Measured(*row) for row in connection.execute(_HISTORY_OF[series.kind], values)]
