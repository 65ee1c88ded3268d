"""Which collar a device of a network server is, as the API lists and changes it, and devices that are none yet.

Functions take an open transaction and never commit.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from core.problem_texts import say
from storage.herds import herd, readable


class Device(NamedTuple):
    """A device that is a collar: its number here, and its alias, such as `tts:ID`."""

    id: int
    device: str


class Unknown(NamedTuple):
    """A device that speaks and is no collar.

    Attributes:
        device: Its alias.
        topic: Where it spoke last.
        first_received: When it was first heard, as far back as rejected messages are kept.
        last_received: When it was last heard.
        messages: How often it was.
    """

    device: str
    topic: str
    first_received: datetime
    last_received: datetime
    messages: int


class Behind(NamedTuple):
    """Where a list of unknown devices goes on: behind the one that was last heard then."""

    last_received: datetime
    device: str


_LIST: Final = text("""
SELECT id, device FROM device_alias
WHERE collar_id = :collar AND id > :after AND (CAST(:id AS int) IS NULL OR id = :id)
ORDER BY id LIMIT CAST(:limit AS bigint)
""")


def devices_of(connection: Connection, collar_id: int, *, after: int = 0, limit: int | None = None) -> list[Device]:
    """Return the devices that a collar is."""
    rows = connection.execute(_LIST, {"collar": collar_id, "after": after, "id": None, "limit": limit})
    return [Device._make(row) for row in rows]


def device(connection: Connection, collar_id: int, device_id: int) -> Device:
    """Return one of them.

    Raises:
        NotFoundError: the collar is no such device.
    """
    row = connection.execute(_LIST, {"collar": collar_id, "after": 0, "id": device_id, "limit": 1}).one_or_none()
    if row is None:
        raise NotFoundError("device", device_id)
    return Device._make(row)


_ADD: Final = text("INSERT INTO device_alias (device, collar_id) VALUES (:device, :collar) ON CONFLICT DO NOTHING")
_FIND: Final = text("SELECT id, device FROM device_alias WHERE device = :device AND collar_id = :collar")


def add(connection: Connection, farm_id: int, collar_id: int, alias: str) -> Device:
    """State that a device is a collar of a farm; said again, nothing changes.

    Raises:
        NotFoundError: the farm has no such collar.
        ConflictError: it is another collar's, of whatever farm.
    """
    readable.collar(connection, farm_id, collar_id)
    herd.lock_farm(connection, farm_id)
    values = {"device": alias, "collar": collar_id}
    connection.execute(_ADD, values)
    row = connection.execute(_FIND, values).one_or_none()
    if row is None:
        raise ConflictError(say("device_taken", name=alias))
    herd.registry_changed(connection, farm_id)
    return Device._make(row)


def remove(connection: Connection, farm_id: int, collar_id: int, device_id: int) -> Device:
    """State that a device is no collar any more: what it sent stays, what it sends is rejected; return what it was.

    Raises:
        NotFoundError: the collar is no such device.
    """
    herd.lock_farm(connection, farm_id)
    known = device(connection, collar_id, device_id)
    connection.execute(text("DELETE FROM device_alias WHERE id = :id"), {"id": device_id})
    herd.registry_changed(connection, farm_id)
    return known


def retry(connection: Connection, alias: str) -> int:
    """Ask the workers to try again what a device sent before it was a collar; return of how many messages."""
    return int(connection.execute(text("SELECT animov_retry_device(:alias)"), {"alias": alias}).scalar_one())


_UNKNOWN: Final = text("""
SELECT device, topic, first_received, last_received, messages FROM animov_unknown_devices(:farm)
WHERE CAST(:at AS timestamptz) IS NULL OR (last_received, device) < (:at, :device)
ORDER BY last_received DESC, device DESC LIMIT :limit
""")


def unknown(connection: Connection, farm_id: int, *, behind: Behind | None = None, limit: int) -> list[Unknown]:
    """Return devices that are no collar, the one heard last first.

    Nothing tells which farm a device belongs to: where there are several, only a platform administrator sees any.
    """
    at, alias = behind or (None, None)
    rows = connection.execute(_UNKNOWN, {"farm": farm_id, "at": at, "device": alias, "limit": limit})
    return [Unknown._make(row) for row in rows]
