"""How a collar's samples are read: append-only calibrations, and new generations for the past.

A collar that was never heard takes its first calibration at once. Where there is evidence, another reading of the past
is a new generation: from the moment it is made every edge writes it beside the published one, `recompute` writes it
for the raw messages that are kept, and `publish` makes windows follow from it in one transaction. Where nothing raw is
left the older generation goes on counting.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError
from core.readings import Message
from storage import herd
from storage.packs import unpack


class Reading(NamedTuple):
    """How samples are read; see `storage.registry.Calibration`."""

    mount: str
    axes: tuple[str, str, str] = ("fwd", "up", "right")
    hold_s: int = 1
    parameters: Mapping[str, Any] = {}


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
    append(connection, collar_id, number, reading, None)
    herd.registry_changed(connection, farm_id)
    return int(number)


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
    """Make windows follow from a generation; what it did not recompute goes on following from older ones."""
    farm_id = _lock(connection, collar_id)
    connection.execute(
        text("UPDATE collar SET generation = :generation WHERE id = :collar"),
        {"generation": generation, "collar": collar_id},
    )
    herd.registry_changed(connection, farm_id)
    herd.touch_collar(connection, collar_id)
    herd.derive_touched(connection)


def was_heard(connection: Connection, collar_id: int) -> bool:
    """Tell whether there is evidence of a collar."""
    return bool(_scalar(connection, "SELECT EXISTS (SELECT FROM evidence WHERE collar_id = :collar)", collar=collar_id))


def raw_messages(connection: Connection, farm_id: int) -> Iterator[list[Message]]:
    """Yield the raw messages that are kept of a farm, a pack at a time, in the order of commit."""
    packs = connection.execution_options(stream_results=True).execute(
        text("SELECT data FROM raw_pack WHERE farm_id = :farm ORDER BY id"), {"farm": farm_id}
    )
    for (data,) in packs.yield_per(20):
        yield unpack(data)


def _lock(connection: Connection, collar_id: int) -> int:
    farm_id = int(_scalar(connection, "SELECT farm_id FROM collar WHERE id = :collar", collar=collar_id))
    herd.lock_farm(connection, farm_id)
    return farm_id


def _scalar(connection: Connection, query: str, **values: Any) -> Any:
    return connection.execute(text(query), values).scalar_one()
