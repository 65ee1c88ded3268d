"""How a collar's samples are read: append-only calibrations, and new generations for the past.

A collar that was never heard takes its first calibration at once. Where there is evidence, another reading of the past
is a new generation: from the moment it is made every edge writes it beside the published one, `recompute` writes it
for the raw messages that are kept, and `publish` makes windows follow from it in one transaction. Where nothing raw is
left the older generation goes on counting.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text

from core.errors import ConflictError
from core.readings import CollarName, Message
from core.timeline import from_ms, to_ms
from storage.evidence import windows
from storage.evidence.packs import unpack
from storage.evidence.registry import SINCE_EVER, Calibration
from storage.herds import herd


class Reading(NamedTuple):
    """How samples are read; see `storage.evidence.registry.Calibration`."""

    mount: str
    axes: tuple[str, str, str] = ("fwd", "up", "right")
    hold_s: int = 1
    parameters: Mapping[str, Any] = {}


class Worn(NamedTuple):
    """An animal wore a collar in `[start, end)`; `None` is without beginning or end."""

    animal: str
    collar_id: int
    start: datetime | None
    end: datetime | None


def worn(connection: Connection, farm_id: int) -> list[Worn]:
    """Return who of a farm wore what when; an animal that never wore anything is in none of it."""
    query = """SELECT n.name, a.collar_id, lower(a.during), upper(a.during)
    FROM assignment a JOIN animal n ON n.id = a.animal_id WHERE n.farm_id = :farm ORDER BY 1, 2, 3"""
    return [Worn(*row) for row in connection.execute(text(query), {"farm": farm_id})]


class Known(NamedTuple):
    """How a collar is read.

    Attributes:
        collar_id: The collar.
        name: Its farm and its own.
        published: Its published generation.
        calibrations: Of that generation, oldest first; empty while nobody has said the mount.
        pending: The newest generation that is not published; `None` if there is none.
    """

    collar_id: int
    name: CollarName
    published: int
    calibrations: tuple[Calibration, ...]
    pending: int | None


def known(connection: Connection, farm_id: int) -> list[Known]:
    """Return how each collar of a farm is read, by name."""
    rows = connection.execute(
        text(
            """SELECT c.id, f.name AS farm, c.name, c.generation AS published,
              (SELECT max(k.generation) FROM calibration k WHERE k.collar_id = c.id AND k.generation > c.generation)
                AS pending,
              k.mount, k.axes, k.hold_s, k.parameters, nullif(k.effective_from, '-infinity') AS start
            FROM collar c JOIN farm f ON f.id = c.farm_id
            LEFT JOIN calibration k ON k.collar_id = c.id AND k.generation = c.generation
            WHERE c.farm_id = :farm ORDER BY c.name, k.effective_from"""
        ),
        {"farm": farm_id},
    )
    found: dict[int, Known] = {}
    for row in rows:
        empty = Known(row.id, CollarName(row.farm, row.name), row.published, (), row.pending)
        collar = found.setdefault(row.id, empty)
        if row.mount is not None:
            start = SINCE_EVER if row.start is None else to_ms(row.start)
            made = Calibration(start, row.mount, tuple(row.axes.split(",")), row.hold_s, row.parameters)
            found[row.id] = collar._replace(calibrations=(*collar.calibrations, made))
    return list(found.values())


def published_reading(connection: Connection, collar_id: int) -> Reading | None:
    """Return the latest calibration of the published generation; `None` while nobody has said the mount."""
    row = connection.execute(
        text(
            """SELECT mount, axes, hold_s, parameters FROM calibration k JOIN collar c ON c.id = k.collar_id
            WHERE c.id = :collar AND k.generation = c.generation ORDER BY effective_from DESC LIMIT 1"""
        ),
        {"collar": collar_id},
    ).one_or_none()
    return None if row is None else Reading(row.mount, tuple(row.axes.split(",")), row.hold_s, row.parameters)


def start_generation(connection: Connection, collar_id: int, reading: Reading) -> int:
    """Begin a new reading of a collar's whole history and return its generation, not yet published.

    Raises:
        ConflictError: 999 generations were made already.
    """
    return start_history(connection, collar_id, [Calibration(SINCE_EVER, *reading)])


def start_history(connection: Connection, collar_id: int, calibrations: Sequence[Calibration]) -> int:
    """The same with several calibrations, each from an instant of its own on."""
    farm_id = _lock(connection, collar_id)
    number = _scalar(
        connection,
        """SELECT greatest(c.generation, max(k.generation)) + 1
        FROM collar c LEFT JOIN calibration k ON k.collar_id = c.id
        WHERE c.id = :collar GROUP BY c.id""",
        collar=collar_id,
    )
    if number > 999:
        raise ConflictError("this collar has been recalibrated 999 times; replace it by a new id")
    for one in calibrations:
        append(connection, collar_id, number, _reading(one), _instant(one.effective_from))
    herd.registry_changed(connection, farm_id)
    return int(number)


def append_live(connection: Connection, collar_id: int, calibration: Calibration) -> None:
    """Add a calibration that is still to take effect to the published generation and to those that follow it."""
    farm_id = _lock(connection, collar_id)
    query = """SELECT DISTINCT k.generation FROM calibration k JOIN collar c ON c.id = k.collar_id
    WHERE c.id = :collar AND k.generation >= c.generation"""
    for generation in connection.execute(text(query), {"collar": collar_id}).scalars().all():
        append(connection, collar_id, generation, _reading(calibration), _instant(calibration.effective_from))
    herd.registry_changed(connection, farm_id)


def append(
    connection: Connection, collar_id: int, generation: int, reading: Reading, effective_from: datetime | None
) -> None:
    """Add a calibration to a generation, from an event time on; `None` is since ever."""
    connection.execute(
        text(
            """INSERT INTO calibration (collar_id, generation, effective_from, mount, axes, hold_s, parameters)
            VALUES (:collar, :generation, coalesce(:start, '-infinity'::timestamptz),
                    :mount, :axes, :hold, :parameters)"""
        ),
        {
            "collar": collar_id,
            "generation": generation,
            "start": effective_from,
            "mount": reading.mount,
            "axes": ",".join(reading.axes),
            "hold": reading.hold_s,
            "parameters": json.dumps(dict(reading.parameters)),
        },
    )


def publish(connection: Connection, collar_id: int, generation: int) -> None:
    """Make windows follow from a generation; what it did not recompute goes on following from older ones.

    Only windows are derived again of which it says something else than the one before: the farm's flushes wait
    meanwhile. Nothing happens where it, or a later one, is published already.
    """
    farm_id = _lock(connection, collar_id)
    before = _scalar(connection, "SELECT generation FROM collar WHERE id = :collar", collar=collar_id)
    if before >= generation:
        return
    values = {"collar": collar_id, "generation": generation, "before": before}
    connection.execute(text("UPDATE collar SET generation = :generation WHERE id = :collar"), values)
    herd.registry_changed(connection, farm_id)
    connection.execute(text(windows.TEMPORARY))
    connection.execute(_TOUCH, values)
    herd.derive_touched(connection)


_TOUCH = text("""
INSERT INTO touched
SELECT DISTINCT n.farm_id, a.animal_id, e.bucket
FROM stored_evidence e
JOIN assignment a ON a.collar_id = e.collar_id AND a.during && tstzrange(e.bucket, e.bucket + interval '15 min')
JOIN animal n ON n.id = a.animal_id
WHERE e.collar_id = :collar AND e.method % 1000 > :before AND e.method % 1000 <= :generation AND NOT EXISTS (
  SELECT FROM stored_evidence p WHERE p.collar_id = e.collar_id AND p.bucket = e.bucket
    AND p.method % 1000 <= :before AND p.method / 1000 = e.method / 1000
    AND (p.received, p.standing, p.standing | p.known) = (e.received, e.standing, e.standing | e.known) AND NOT EXISTS (
      SELECT FROM stored_evidence q WHERE q.collar_id = e.collar_id AND q.bucket = e.bucket AND q.method <> p.method
        AND q.method % 1000 BETWEEN p.method % 1000 AND :before))
""")
"""Windows that publishing may change: those of buckets of which a generation that did not count says something else
than the newest that did, or that one says it by two rules. What says the same takes the place of the older unseen."""


def was_heard(connection: Connection, collar_id: int) -> bool:
    """Tell whether there is evidence of a collar."""
    heard = "SELECT EXISTS (SELECT FROM stored_evidence WHERE collar_id = :collar)"
    return bool(_scalar(connection, heard, collar=collar_id))


def raw_messages(
    connection: Connection, farm_id: int, received_from: datetime | None = None
) -> Iterator[list[Message]]:
    """Yield the raw messages that are kept of a farm, a pack at a time, in the order of commit.

    Args:
        connection: Holds a transaction until all are read.
        farm_id: The farm.
        received_from: Packs that end before it are left out.
    """
    packs = connection.execution_options(stream_results=True).execute(
        text(
            """SELECT data FROM raw_pack WHERE farm_id = :farm
            AND last_received >= coalesce(:start, '-infinity'::timestamptz) ORDER BY id"""
        ),
        {"farm": farm_id, "start": received_from},
    )
    for (data,) in packs.yield_per(20):
        yield unpack(data)


def raw_packs(engine: Engine, farm_id: int, received_from: datetime | None = None) -> Iterator[list[Message]]:
    """The same without holding a transaction meanwhile, for who takes his time: of what is kept at the beginning."""
    with engine.connect() as connection:
        last = _scalar(connection, "SELECT coalesce(max(id), 0) FROM raw_pack WHERE farm_id = :farm", farm=farm_id)
    values = {"farm": farm_id, "start": received_from, "after": 0, "last": last}
    while True:
        with engine.connect() as connection:
            rows = connection.execute(_SOME_PACKS, values).all()
        if not rows:
            return
        for _, data in rows:
            yield unpack(data)
        values["after"] = rows[-1].id


_SOME_PACKS = text("""
SELECT id, data FROM raw_pack WHERE farm_id = :farm AND id > :after AND id <= :last
  AND last_received >= coalesce(CAST(:start AS timestamptz), '-infinity'::timestamptz) ORDER BY id LIMIT 20
""")


def raw_sample(
    connection: Connection, farm_id: int, received_from: datetime, most_messages: int
) -> Iterator[list[Message]]:
    """Yield raw messages spread evenly over those that are kept since an instant, a pack at a time.

    Args:
        connection: Holds a transaction until all are read.
        farm_id: The farm.
        received_from: Packs that end before it are left out.
        most_messages: About so many are read at most, packs being read whole.
    """
    packs = connection.execution_options(stream_results=True).execute(
        text(
            """SELECT p.data FROM raw_pack p JOIN (
              SELECT id, row_number() OVER (ORDER BY id) AS place,
                least(1, :most / sum(messages) OVER ()) AS share
              FROM raw_pack WHERE farm_id = :farm AND last_received >= :start) every USING (id)
            WHERE floor(place * share) > floor((place - 1) * share) ORDER BY id"""
        ),
        {"farm": farm_id, "start": received_from, "most": most_messages},
    )
    for (data,) in packs.yield_per(20):
        yield unpack(data)


def seconds_since(connection: Connection, farm_id: int, start: datetime) -> dict[int, tuple[int, int]]:
    """Return the seconds received and those known of each collar's published readings since an instant, by collar."""
    rows = connection.execute(
        text(
            """SELECT collar_id, sum(bit_count(received))::int, sum(bit_count(known))::int FROM (
              SELECT e.collar_id, bit_or(e.received) AS received, bit_or(e.standing | e.lying) AS known
              FROM evidence e JOIN collar c ON c.id = e.collar_id AND e.method % 1000 <= c.generation
              WHERE c.farm_id = :farm AND e.bucket >= :start GROUP BY e.collar_id, e.bucket) merged
            GROUP BY collar_id"""
        ),
        {"farm": farm_id, "start": start},
    )
    return {collar_id: (received, known) for collar_id, received, known in rows}


def tags_looked_at(connection: Connection, farm_id: int) -> datetime | None:
    """Return when it was last looked how the leg tags of a farm sit; `None` if never."""
    at = _scalar(connection, "SELECT tags_looked_at FROM farm WHERE id = :farm", farm=farm_id)
    return at if isinstance(at, datetime) else None


def note_look_at_tags(connection: Connection, farm_id: int, at: datetime) -> None:
    """Keep when it was looked how the leg tags of a farm sit."""
    connection.execute(text("UPDATE farm SET tags_looked_at = :at WHERE id = :farm"), {"at": at, "farm": farm_id})


def _reading(calibration: Calibration) -> Reading:
    return Reading(calibration.mount, calibration.axes, calibration.hold_s, calibration.parameters)


def _instant(start: int) -> datetime | None:
    return None if start == SINCE_EVER else from_ms(start)


def _lock(connection: Connection, collar_id: int) -> int:
    farm_id = int(_scalar(connection, "SELECT farm_id FROM collar WHERE id = :collar", collar=collar_id))
    herd.lock_farm(connection, farm_id)
    return farm_id


def _scalar(connection: Connection, query: str, **values: Any) -> Any:
    return connection.execute(text(query), values).scalar_one()
