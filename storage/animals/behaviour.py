"""Facts about animals by day: the seconds that they follow from, the sheets that are kept, what is to be done again.

Whoever takes the change feed leaves a marker here for each bucket (`note_stale`), so nothing is written twice in a
flush. A sheet follows from the windows of an animal, the farm's time zone and its species, and from nothing else.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.errors import NotFoundError

DAYS_LOCK: Final = 0x4459
"""Key of the advisory lock under which the sheets of a farm are brought up to date, with the farm's id."""

WHOLE_DAY: Final = timedelta(days=1)


class Sheet(NamedTuple):
    """What one animal did on one local day of its farm; the columns of `animal_day` after the animal.

    A bout belongs to the day in which it begins, and is followed for 24 h beyond that day. What counts bouts is `None`
    where no order of seconds is known (sums only).

    Attributes:
        day: Date on the farm's wall clock.
        start: First instant.
        day_s: Length of the day: 86,400 s, an hour less or more when clocks change.
        received_s: Seconds of which anything was received.
        known_s: Seconds standing or lying: of `day_s`, the coverage.
        ordered_s: Those of them that were not reported as sums, so that bouts can be read.
        standing_s: Known seconds that stand, once smoothed.
        lying_s: Known seconds that lie.
        lying_bouts: Lying bouts that began, also those whose beginning or end is not known.
        lie_downs: Times that it was seen to lie down.
        rises: Times that it was seen to rise.
        longest_lying_s: Longest lying bout that the day has a part in, from 20:00 of the evening before at the most.
        mean_lying_s: Mean over the bouts that began in the day and are known from beginning to end.
        fragmentation: Rises per hour of lying: how soon lying comes to its end. The transition probability of the
            literature on human rest and activity (Di et al. 2017, doi 10.1101/182337), with unseen ends left out.
        interruptions: Times that it stood for 5 minutes at most between two lying bouts; `None` if `inferred`, too.
        night_first_lying: When it was first seen to lie down between 20:00 of the evening before and 8:00.
        night_last_rise: When it was last seen to rise in these hours.
        until: Nothing later than this has a say in the sheet, unless something earlier changes.
        inferred: Whether neck collars and ear tags alone told most of it: they don't count what leg tags do.
    """

    day: date
    start: datetime
    day_s: int
    received_s: int
    known_s: int
    ordered_s: int
    standing_s: int
    lying_s: int
    lying_bouts: int | None
    lie_downs: int | None
    rises: int | None
    longest_lying_s: int | None
    mean_lying_s: float | None
    fragmentation: float | None
    interruptions: int | None
    night_first_lying: datetime | None
    night_last_rise: datetime | None
    until: datetime
    inferred: bool

    @property
    def coverage(self) -> float:
        """Share of the day that is known, 0 to 1."""
        return self.known_s / self.day_s

    @property
    def standing_share(self) -> float | None:
        """Share of the known seconds that stand; `None` if nothing is known."""
        return self.standing_s / self.known_s if self.known_s else None


class GroupSheet(NamedTuple):
    """What a group, or a herd, did on one local day: means over its animals, each counting the same.

    An animal belongs to the group in which it spent more than half of the day, and is measured if its coverage is
    that of the farm's setting for animals. Hours are scaled from what is known of an animal to its whole day.

    Attributes:
        day: Date on the farm's wall clock.
        members: Animals of the group, N.
        measured: Those of them whose posture is known for long enough, n.
        ordered: Those of them whose bouts are.
        standing_h: Hours standing, mean over the measured; so are those below, or over the ordered.
        lying_h: Hours lying.
        lying_bouts: Lying bouts.
        longest_lying_s: Longest lying bout.
        mean_lying_s: Length of lying bouts.
        fragmentation: Rises per hour of lying.
        interruptions: Short standings between two lying bouts.
    """

    day: date
    members: int
    measured: int
    ordered: int
    standing_h: float | None
    lying_h: float | None
    lying_bouts: float | None
    longest_lying_s: float | None
    mean_lying_s: float | None
    fragmentation: float | None
    interruptions: float | None


class Bits(NamedTuple):
    """Windows of one animal, packed; 113 bytes hold the 900 bits of a bucket, second 0 first.

    Attributes:
        animal_id: Whose.
        windows: For each in order of time 8 bytes, seconds since 1970, and 2, seconds received, both big-endian;
            then 113 standing, 113 lying, and 1 for whether neck collars and ear tags alone told them.
        summed: For each window of which a part was reported as sums the 8 bytes and 113; empty if there is none.
    """

    animal_id: int
    windows: bytes
    summed: bytes


class Basis(NamedTuple):
    """What all sheets of a farm are made with: time zone, and species (`goat` or `cattle`)."""

    time_zone: str
    species: str


def windows_of(connection: Connection, animal_ids: Sequence[int], start: datetime, end: datetime) -> Iterator[Bits]:
    """Yield the windows of some animals whose buckets begin in `[start, end)`; an animal without any is left out."""
    values = {"animals": list(animal_ids), "start": start, "end": end}
    for animal_id, windows, summed in connection.execute(_WINDOWS, values):
        yield Bits(animal_id, bytes(windows), bytes(summed or b""))


_WINDOWS: Final = text("""
SELECT animal_id,
  string_agg(int8send(extract(epoch FROM bucket)::bigint) || int2send(received_s)
    || substring(bit_send(standing) FROM 5) || substring(bit_send(lying) FROM 5) || boolsend(inferred),
    '' ORDER BY bucket),
  string_agg(int8send(extract(epoch FROM bucket)::bigint) || substring(bit_send(summed) FROM 5), '' ORDER BY bucket)
    FILTER (WHERE summed IS NOT NULL)
FROM posture_window WHERE animal_id = ANY (:animals) AND bucket >= :start AND bucket < :end
GROUP BY animal_id ORDER BY animal_id
""")


def note_stale(connection: Connection, farm_id: int, buckets: Sequence[datetime]) -> None:
    """Note that sheets of a farm are to follow from some buckets again; waits for nobody."""
    if buckets:
        connection.execute(
            text("INSERT INTO stale_bucket (farm_id, bucket) SELECT :farm, unnest(CAST(:buckets AS timestamptz[]))"),
            {"farm": farm_id, "buckets": list(buckets)},
        )


def take_stale(connection: Connection, farm_id: int, within: timedelta) -> list[datetime]:
    """Take the newest bucket that was noted, with all in the span before it; they come back without a commit."""
    rows = connection.execute(
        text(
            """DELETE FROM stale_bucket WHERE farm_id = :farm AND bucket > (
              SELECT max(bucket) FROM stale_bucket WHERE farm_id = :farm) - CAST(:within AS interval)
            RETURNING bucket"""
        ),
        {"farm": farm_id, "within": within},
    )
    return sorted(set(rows.scalars()))


def lock(connection: Connection, farm_id: int) -> None:
    """Wait for whoever brings the sheets of a farm up to date, and hold others back until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :farm)"), {"lock": DAYS_LOCK, "farm": farm_id})


def basis_of(connection: Connection, farm_id: int) -> Basis:
    """Return what the sheets of a farm are to be made with."""
    row = connection.execute(text("SELECT time_zone, species FROM farm WHERE id = :farm"), {"farm": farm_id})
    return Basis(*row.one())


def set_species(connection: Connection, farm_id: int, species: str) -> None:
    """State which animals a farm keeps, `goat` or `cattle`; its sheets are made again."""
    connection.execute(
        text("UPDATE farm SET species = :species WHERE id = :farm"), {"species": species, "farm": farm_id}
    )


def keep_to(connection: Connection, farm_id: int, basis: Basis) -> bool:
    """Note every bucket of a farm as stale if its sheets were made with something else; tell whether they were."""
    changed = connection.execute(
        text(
            """INSERT INTO day_basis AS b (farm_id, time_zone, species) VALUES (:farm, :zone, :species)
            ON CONFLICT (farm_id) DO UPDATE SET time_zone = excluded.time_zone, species = excluded.species
            WHERE (b.time_zone, b.species) <> (excluded.time_zone, excluded.species) RETURNING farm_id"""
        ),
        {"farm": farm_id, "zone": basis.time_zone, "species": basis.species},
    ).all()
    if changed:
        connection.execute(_ALL_STALE, {"farm": farm_id})
    return bool(changed)


_ALL_STALE: Final = text("""
INSERT INTO stale_bucket (farm_id, bucket)
SELECT :farm, generate_series(min(first) - interval '1 day', max(last) + interval '1 day', interval '6 hours')
FROM animal a
CROSS JOIN LATERAL (SELECT min(bucket) AS first, max(bucket) AS last FROM posture_window WHERE animal_id = a.id) w
WHERE a.farm_id = :farm AND first IS NOT NULL
""")
"""Every day has a quarter of these hours; the day before and after, for a day that another zone cuts otherwise."""


def animals_of(connection: Connection, farm_id: int) -> dict[str, int]:
    """Return the ids of a farm's animals by name."""
    rows = connection.execute(
        text("SELECT name, id FROM animal WHERE farm_id = :farm ORDER BY name"), {"farm": farm_id}
    )
    return {name: animal_id for name, animal_id in rows}  # noqa: C416 - rows are no pairs to mypy


def find_group(connection: Connection, farm_id: int, name: str) -> int:
    """Return the id of a group of a farm.

    Raises:
        NotFoundError: there is none of that name.
    """
    query = text("SELECT id FROM animal_group WHERE farm_id = :farm AND name = :name")
    group_id = connection.execute(query, {"farm": farm_id, "name": name}).scalar()
    if group_id is None:
        raise NotFoundError("group", name)
    return int(group_id)


def unfinished(connection: Connection, farm_id: int, day: date, at: datetime) -> list[int]:
    """Return the animals of a farm whose sheet of a day may follow from what happens at a later instant."""
    rows = connection.execute(
        text(
            """SELECT d.animal_id FROM animal_day d JOIN animal a ON a.id = d.animal_id
            WHERE a.farm_id = :farm AND d.day = :day AND d.until > :at ORDER BY 1"""
        ),
        {"farm": farm_id, "day": day, "at": at},
    )
    return list(rows.scalars())


def replace_sheets(
    connection: Connection, animal_ids: Sequence[int], days: Sequence[date], sheets: Sequence[tuple[int, Sheet]]
) -> list[tuple[int, date]]:
    """Make the sheets of some animals and days these and no others; return `(animal, day)` of what changed."""
    gone = connection.execute(
        text(
            """DELETE FROM animal_day WHERE animal_id = ANY (:animals) AND day = ANY (:days)
            AND (animal_id, day) NOT IN (SELECT * FROM unnest(CAST(:kept AS int[]), CAST(:kept_days AS date[])))
            RETURNING animal_id, day"""
        ),
        {
            "animals": list(animal_ids),
            "days": list(days),
            "kept": [animal_id for animal_id, _ in sheets],
            "kept_days": [sheet.day for _, sheet in sheets],
        },
    ).all()
    columns = [[animal_id for animal_id, _ in sheets], *zip(*(sheet for _, sheet in sheets), strict=True)]
    values = {f"c{place}": list(column) for place, column in enumerate(columns)}
    written = connection.execute(_REPLACE, values).all() if sheets else []
    return sorted((animal_id, day) for animal_id, day in (*gone, *written))


_TYPES: Final = (
    ("animal_id", "int"),
    ("day", "date"),
    ("start", "timestamptz"),
    *((name, "int") for name in Sheet._fields[2:12]),
    ("mean_lying_s", "double precision"),
    ("fragmentation", "double precision"),
    ("interruptions", "int"),
    *((name, "timestamptz") for name in Sheet._fields[15:18]),
    ("inferred", "boolean"),
)
_NAMES: Final = ", ".join(name for name, _ in _TYPES)
_SAID: Final = ", ".join(f"excluded.{name}" for name, _ in _TYPES[2:])
_WERE: Final = ", ".join(f"d.{name}" for name, _ in _TYPES[2:])
_REPLACE: Final = text(
    f"INSERT INTO animal_day AS d ({_NAMES}) SELECT * FROM unnest("  # noqa: S608 - our own names
    + ", ".join(f"CAST(:c{place} AS {kind}[])" for place, (_, kind) in enumerate(_TYPES))
    + f""") ORDER BY 1, 2
    ON CONFLICT (animal_id, day) DO UPDATE SET ({", ".join(name for name, _ in _TYPES[2:])}) = ROW({_SAID})
    WHERE ({_WERE}) IS DISTINCT FROM ({_SAID}) RETURNING animal_id, day"""
)


def sheets_between(
    connection: Connection,
    animal_ids: Sequence[int],
    first: date,
    last: date,
    *,
    after_animal: int = 0,
    limit: int | None = None,
) -> list[tuple[int, Sheet]]:
    """Return the sheets of some animals from a day to a day, both included, by day and animal.

    Args:
        connection: An open transaction.
        animal_ids: The animals.
        first: The first day.
        last: The last day.
        after_animal: Of the first day only the sheets of animals with larger ids.
        limit: Most sheets; `None` is all.
    """
    rows = connection.execute(
        text(
            f"""SELECT {_NAMES} FROM animal_day
            WHERE animal_id = ANY (:animals) AND day BETWEEN :first AND :last
              AND (day, animal_id) > (CAST(:first AS date), CAST(:after AS int))
            ORDER BY day, animal_id LIMIT CAST(:limit AS bigint)"""  # noqa: S608 - our own names
        ),
        {"animals": list(animal_ids), "first": first, "last": last, "after": after_animal, "limit": limit},
    )
    return [(animal_id, Sheet(*sheet)) for animal_id, *sheet in rows]


def group_sheets(
    connection: Connection, farm_id: int, group_id: int | None, first: date, last: date
) -> list[GroupSheet]:
    """Return the sheets of a group, or of the herd, from a day to a day of which anything is known, both included."""
    values = {"farm": farm_id, "group": group_id, "first": first, "last": last}
    return [GroupSheet(*row) for row in connection.execute(_GROUP, values)]


_GROUP: Final = text("""
WITH days AS (
  SELECT d.day, min(d.start) AS start, max(d.day_s) AS day_s FROM animal_day d JOIN animal a ON a.id = d.animal_id
  WHERE a.farm_id = :farm AND d.day BETWEEN :first AND :last GROUP BY 1
), member AS (
  SELECT t.day, m.animal_id FROM days t
  CROSS JOIN LATERAL (SELECT tstzrange(t.start, t.start + t.day_s * interval '1 second') AS whole) s
  JOIN membership m ON m.group_id = CAST(:group AS int) AND m.during && s.whole
  GROUP BY t.day, t.day_s, m.animal_id
  HAVING 2 * sum(extract(epoch FROM upper(m.during * s.whole) - lower(m.during * s.whole))) > t.day_s
  UNION ALL SELECT t.day, a.id FROM days t CROSS JOIN animal a WHERE CAST(:group AS int) IS NULL AND a.farm_id = :farm
), measured AS (
  SELECT d.*, d.ordered_s > 0 AND d.ordered_s >= f.animal_coverage * d.day_s AS ordered,
         d.day_s / 3600.0 / d.known_s::double precision AS hours
  FROM member m JOIN animal_day d ON d.animal_id = m.animal_id AND d.day = m.day JOIN farm f ON f.id = :farm
  WHERE d.known_s > 0 AND d.known_s >= f.animal_coverage * d.day_s
)
SELECT t.day, (SELECT count(*) FROM member m WHERE m.day = t.day),
       count(w.animal_id), count(*) FILTER (WHERE w.ordered),
       avg(w.standing_s * w.hours), avg(w.lying_s * w.hours),
       CAST(avg(w.lying_bouts) FILTER (WHERE w.ordered) AS double precision),
       CAST(avg(w.longest_lying_s) FILTER (WHERE w.ordered) AS double precision),
       avg(w.mean_lying_s) FILTER (WHERE w.ordered), avg(w.fragmentation) FILTER (WHERE w.ordered),
       CAST(avg(w.interruptions) FILTER (WHERE w.ordered) AS double precision)
FROM days t LEFT JOIN measured w ON w.day = t.day
GROUP BY t.day ORDER BY t.day
""")
