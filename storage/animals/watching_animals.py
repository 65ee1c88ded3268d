"""What alerts about collars and animals are raised from: who wears which, which were heard when, what is known of whom.

Functions take an open transaction that sees the farm; spans are `[start, end)`, in UTC.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text


class WornCollar(NamedTuple):
    """A collar that an animal wears at an instant.

    Attributes:
        id: The collar.
        animal_id: Who wears it.
        worn_since: Since when; `None` is since ever.
        mount: How it is mounted, `unknown` if nobody has said.
        turned: It has turned, and no new seat of it is known yet.
        heard_until: End of the latest second of which it sent samples or postures; `None` if it never did. What it says
            of its state has no say: a broker repeats that for a collar that is gone.
        status_at: When it said something of its state last, `None` if it never did or said good-bye.
        battery_v: What it said of its battery last.
        battery_at: When it did.
    """

    id: int
    animal_id: int
    worn_since: datetime | None
    mount: str
    turned: bool
    heard_until: datetime | None
    status_at: datetime | None
    battery_v: float | None
    battery_at: datetime | None


class Heard(NamedTuple):
    """A stretch within one bucket of which a collar sent something: `start` inclusive, `end` exclusive."""

    start: datetime
    end: datetime


class Seen(NamedTuple):
    """What is known of an animal in a span; all but the id in seconds.

    Attributes:
        animal_id: The animal.
        worn_s: It wore a collar, two at a time counted once each, and had been heard of at all.
        received_s: Something was received.
        known_s: It stood or lay.
        lately_received_s: Something was received since a later instant within the span; so are the next two.
        lately_known_s: It stood or lay.
        lately_standing_s: It stood.
    """

    animal_id: int
    worn_s: float
    received_s: int
    known_s: int
    lately_received_s: int
    lately_known_s: int
    lately_standing_s: int


class Raised(NamedTuple):
    """An alert about a collar, an animal or the farm, as the job that raised it must know it."""

    id: int
    kind: str
    collar_id: int | None
    animal_id: int | None
    since: datetime
    opened_at: datetime
    last_evidence_at: datetime
    until: datetime | None
    ended_by: str
    severity: str
    evidence: dict[str, Any]
    expected: dict[str, Any]
    causes: list[dict[str, Any]]


class Longest(NamedTuple):
    """Days of which the lying of an animal is known, and its longest lying bout in them, in seconds."""

    days: int
    lying_s: int


class Facts(NamedTuple):
    """What a farm says of itself: which animals it keeps, where, and the share of their time that is to be known."""

    species: str
    time_zone: str
    animal_coverage: float


def farm_facts(connection: Connection, farm_id: int) -> Facts:
    """Return what a farm says of itself."""
    query = text("SELECT species, time_zone, round(animal_coverage::numeric, 3)::float8 FROM farm WHERE id = :farm")
    return Facts(*connection.execute(query, {"farm": farm_id}).one())


_WORN: Final = text("""
SELECT c.id, w.animal_id, lower(w.during), coalesce(k.mount, 'unknown'),
       coalesce((k.parameters ->> 'turned')::boolean, false),
       h.heard_until, CASE WHEN s.online IS DISTINCT FROM false THEN s.at END, s.battery_v, s.battery_at
FROM collar c JOIN assignment w ON w.collar_id = c.id AND w.during @> CAST(:at AS timestamptz)
LEFT JOIN LATERAL (SELECT mount, parameters FROM calibration
  WHERE collar_id = c.id AND generation = c.generation AND effective_from <= :at
  ORDER BY effective_from DESC LIMIT 1) k ON true
LEFT JOIN farm_collar_heard h ON h.collar_id = c.id
LEFT JOIN collar_status s ON s.collar_id = c.id
WHERE c.farm_id = :farm ORDER BY c.id
""")


def worn_collars(connection: Connection, farm_id: int, at: datetime) -> list[WornCollar]:
    """Return the collars of a farm that animals wear at an instant, as much as is known of them now."""
    return [WornCollar._make(row) for row in connection.execute(_WORN, {"farm": farm_id, "at": at})]


class Wearing(NamedTuple):
    """That a collar is worn, and since when; `None` is since ever."""

    since: datetime | None


_WEARING: Final = text("""
SELECT lower(during) FROM assignment WHERE collar_id = :collar AND during @> CAST(:at AS timestamptz)
""")


def wearing_at(connection: Connection, collar_id: int, at: datetime) -> Wearing | None:
    """Return how a collar was worn at an instant, as is said now; `None` if nobody wore it."""
    row = connection.execute(_WEARING, {"collar": collar_id, "at": at}).one_or_none()
    return None if row is None else Wearing(*row)


_HEARD: Final = text("""
SELECT collar_id, min(bucket + (length(said) - length(ltrim(said, '0'))) * interval '1 s'),
       max(bucket + length(rtrim(said, '0')) * interval '1 s')
FROM (SELECT collar_id, bucket, received::text AS said FROM evidence
  WHERE collar_id = ANY (:collars) AND bucket >= CAST(:start AS timestamptz) - interval '15 min' AND bucket < :end) e
WHERE said LIKE '%1%' GROUP BY collar_id, bucket ORDER BY collar_id, bucket
""")


def heard_between(
    connection: Connection, collar_ids: Sequence[int], start: datetime, end: datetime
) -> Mapping[int, list[Heard]]:
    """Return when collars were heard, bucket by bucket: pauses within a bucket are left out."""
    values = {"collars": list(collar_ids), "start": start, "end": end}
    found: dict[int, list[Heard]] = defaultdict(list)
    for collar_id, first, last in connection.execute(_HEARD, values):
        found[collar_id].append(Heard(first, last))
    return found


_PAUSES: Final = text("""
WITH heard AS (
  SELECT DISTINCT collar_id, bucket FROM evidence
  WHERE collar_id = ANY (:collars) AND bucket >= :start AND bucket < :end
), pause AS (
  SELECT collar_id, lag(bucket) OVER (PARTITION BY collar_id ORDER BY bucket) AS before, bucket FROM heard
)
SELECT p.collar_id, extract(epoch FROM p.bucket - p.before)::float8 FROM pause p
WHERE p.bucket - p.before > interval '15 min' AND (
  NOT EXISTS (SELECT FROM collar c WHERE c.farm_id = :farm AND c.id <> p.collar_id)
  OR EXISTS (SELECT FROM evidence e JOIN collar c ON c.id = e.collar_id AND c.farm_id = :farm
    WHERE e.collar_id <> p.collar_id AND e.bucket > p.before AND e.bucket < p.bucket))
UNION ALL
SELECT collar_id, extract(epoch FROM until - since)::float8 FROM alert
WHERE farm_id = :farm AND kind = 'collar_silent' AND collar_id = ANY (:collars) AND ended_by = 'undone'
  AND until > :start AND until <= :end
""")


def pauses(
    connection: Connection, farm_id: int, collar_ids: Sequence[int], start: datetime, end: datetime
) -> Mapping[int, list[float]]:
    """Return for how long collars were not heard at a time and were heard again, in seconds, to a bucket.

    Pauses in which no other collar of the farm was heard are left out: then it was the node or its gateway. Waits for
    what came late, and so undid an alert, count as well.
    """
    values = {"farm": farm_id, "collars": list(collar_ids), "start": start, "end": end}
    found: dict[int, list[float]] = defaultdict(list)
    for collar_id, seconds in connection.execute(_PAUSES, values):
        found[collar_id].append(seconds)
    return found


_SEEN: Final = text("""
WITH worn AS (
  SELECT w.animal_id, sum(extract(epoch FROM upper(s.span) - lower(s.span)))::float8 AS worn_s
  FROM assignment w JOIN animal a ON a.id = w.animal_id
  CROSS JOIN LATERAL (SELECT min(bucket) AS first FROM posture_window WHERE animal_id = a.id) p
  CROSS JOIN LATERAL (SELECT w.during * tstzrange(greatest(:start, p.first), :end) AS span) s
  WHERE a.farm_id = :farm AND p.first < :end AND NOT isempty(s.span) GROUP BY 1
)
SELECT worn.animal_id, worn_s, coalesce(sum(received_s), 0), coalesce(sum(known_s), 0),
  coalesce(sum(received_s) FILTER (WHERE bucket >= :lately), 0),
  coalesce(sum(known_s) FILTER (WHERE bucket >= :lately), 0),
  coalesce(sum(standing_s) FILTER (WHERE bucket >= :lately), 0)
FROM worn LEFT JOIN posture_window p ON p.animal_id = worn.animal_id AND p.bucket >= :start AND p.bucket < :end
GROUP BY worn.animal_id, worn_s ORDER BY worn.animal_id
""")


def animals_seen(
    connection: Connection, farm_id: int, start: datetime, end: datetime, *, lately: datetime
) -> list[Seen]:
    """Return what is known of a farm's animals that wore a collar in a span, also since `lately` within it."""
    values = {"farm": farm_id, "start": start, "end": end, "lately": lately}
    return [Seen._make(row) for row in connection.execute(_SEEN, values)]


_LONGEST: Final = text("""
SELECT animal_id, count(*), max(longest_lying_s) FROM animal_day
WHERE animal_id = ANY (:animals) AND start >= :start AND start + day_s * interval '1 s' <= :end
  AND longest_lying_s IS NOT NULL AND 2 * ordered_s >= day_s GROUP BY animal_id
""")


def longest_lying(
    connection: Connection, animal_ids: Sequence[int], start: datetime, end: datetime
) -> Mapping[int, Longest]:
    """Return the longest lying bouts of animals in the days that lie within a span and are half known."""
    values = {"animals": list(animal_ids), "start": start, "end": end}
    return {animal_id: Longest(days, longest) for animal_id, days, longest in connection.execute(_LONGEST, values)}


_GROUPS: Final = text("""
SELECT m.animal_id, m.group_id FROM membership m JOIN animal a ON a.id = m.animal_id
WHERE a.farm_id = :farm AND m.during @> CAST(:at AS timestamptz)
""")


def groups_at(connection: Connection, farm_id: int, at: datetime) -> Mapping[int, int]:
    """Return the groups of a farm's animals at an instant, by animal."""
    return {animal_id: group_id for animal_id, group_id in connection.execute(_GROUPS, {"farm": farm_id, "at": at})}  # noqa: C416 - rows are no pairs to mypy


class Motion(NamedTuple):
    """How a collar moved in a span: stretches of ten seconds, and those of them in which nothing moved."""

    stretches: int
    still: int


_MOTIONS: Final = text("""
SELECT collar_id, sum(stretches), sum(still) FROM motion
WHERE collar_id = ANY (:collars) AND at >= :start AND at < :end GROUP BY collar_id
""")


def motions_between(
    connection: Connection, collar_ids: Sequence[int], start: datetime, end: datetime
) -> Mapping[int, Motion]:
    """Return how neck collars and ear tags moved in a span; those that did not say are left out."""
    values = {"collars": list(collar_ids), "start": start, "end": end}
    return {collar_id: Motion(*told) for collar_id, *told in connection.execute(_MOTIONS, values)}


_RAISED: Final = text(f"""
SELECT {", ".join(Raised._fields)} FROM alert WHERE farm_id = :farm AND kind = ANY (:kinds)
  AND (until IS NULL OR until > :lately AND ended_by <> 'undone') ORDER BY id
""")  # noqa: S608 - our own names


def raised(connection: Connection, farm_id: int, kinds: Sequence[str], lately: datetime) -> list[Raised]:
    """Return the alerts of some kinds that go on, and those that were over since an instant and that stand."""
    values = {"farm": farm_id, "kinds": list(kinds), "lately": lately}
    return [Raised._make(row) for row in connection.execute(_RAISED, values)]
