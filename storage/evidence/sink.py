"""The flush: contributions, raw messages, refusals and status of one unit of work, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import Final

from psycopg import AsyncConnection, AsyncCursor

from core import bits
from core.devices import alias_of
from core.motion import Motion
from core.readings import Message, Rejected, Status
from core.timeline import bucket_start, from_ms
from storage.engine.database import session_options
from storage.evidence import batteries, flush_minutes, motion, windows
from storage.evidence.flush_minutes import FlushMinute
from storage.evidence.packs import pack

__all__ = ["AsyncConnection", "Key", "Seconds", "StaleRegistryError", "Unit", "commit", "connect"]

RAW_KEPT_BYTES: Final = 65_536
"""What is kept of a rejected payload."""

FARM_LOCK: Final = 0x616E
"""Class of the advisory locks of farms: shared by flushes, exclusive for whoever changes what decoding depends on."""

NAMES: Final = 0
"""In place of a farm's id: shared by whoever makes farms by name or keeps what names one, exclusive for a deletion."""

Key = tuple[int, int, int]
"""Where evidence merges: collar id, bucket number, method (`core.method`). Plain tuples, for this is the hot path."""

Seconds = tuple[int, int, int]
"""Received, standing, lying: seconds of a bucket (`core.bits`); the first holds every second of the other two."""


@dataclass(slots=True)
class Unit:
    """What one flush commits.

    Attributes:
        evidence: Contributions, merged.
        admitted: Messages to keep raw, by farm id.
        rejected: Messages that were not admitted, each with the reason.
        status: What collars said of themselves, by collar id, in any order.
        motions: How messages of necks and ears moved.
        registry: Version of each farm's registry that the contributions were made with.
        minutes: What earlier flushes took.
    """

    evidence: dict[Key, Seconds] = field(default_factory=dict)
    admitted: dict[int, list[Message]] = field(default_factory=dict)
    rejected: list[tuple[Message, Rejected]] = field(default_factory=list)
    status: list[tuple[int, Status]] = field(default_factory=list)
    motions: dict[motion.Key, Motion] = field(default_factory=dict)
    registry: dict[int, int] = field(default_factory=dict)
    minutes: Sequence[FlushMinute] = ()


class StaleRegistryError(Exception):
    """Collars or calibrations of a farm changed since the unit was made: make it again from its messages."""


async def connect(url: str) -> AsyncConnection:
    """Open a connection for flushing, with the temporary tables that a flush fills."""
    connection = await AsyncConnection.connect(
        url, autocommit=True, application_name="animov edge", options=session_options(url), prepare_threshold=1
    )
    for statement in (_CONTRIBUTION, windows.TEMPORARY):
        await connection.execute(statement.encode())
    return connection


async def commit(connection: AsyncConnection, unit: Unit) -> None:
    """Write a unit in one transaction; when this returns, all of it is safe.

    Raises:
        StaleRegistryError: the unit was made with an older registry; nothing was written.
        psycopg.Error: nothing was written; `storage.engine.faults` tells what that means.
    """
    async with connection.transaction():
        await _share_farms(connection, unit.registry)
        if unit.evidence:
            await _merge(connection, unit.evidence)
        await motion.keep(connection, unit.motions)
        await _keep_raw(connection, unit.admitted)
        await _keep_rejected(connection, unit.rejected)
        await _keep_status(connection, unit.status)
        await flush_minutes.keep(connection, unit.minutes)


_CONTRIBUTION = """
CREATE TEMPORARY TABLE IF NOT EXISTS contribution (
  collar_id int NOT NULL, bucket timestamptz NOT NULL, method smallint NOT NULL,
  received bit(900) NOT NULL, standing bit(900) NOT NULL, known bit(900) NOT NULL) ON COMMIT DELETE ROWS
"""

_COPY = b"COPY contribution (collar_id, bucket, method, received, standing, known) FROM STDIN (FORMAT binary)"

_MERGE = b"""
WITH merged AS (
  INSERT INTO stored_evidence AS e (collar_id, bucket, method, received, standing, known)
  SELECT * FROM contribution ORDER BY collar_id, bucket, method
  ON CONFLICT (collar_id, bucket, method) DO UPDATE SET received = e.received | excluded.received,
    standing = e.standing | excluded.standing, known = e.known | excluded.known
  WHERE (e.received | excluded.received, e.standing | excluded.standing, e.known | excluded.known)
    IS DISTINCT FROM (e.received, e.standing, e.known)
  RETURNING collar_id, bucket
)
INSERT INTO touched
SELECT DISTINCT n.farm_id, a.animal_id, m.bucket
FROM merged m
JOIN assignment a ON a.collar_id = m.collar_id AND a.during && tstzrange(m.bucket, m.bucket + interval '15 min')
JOIN animal n ON n.id = a.animal_id
"""


async def _derive(cursor: AsyncCursor, buckets: Iterable[int]) -> None:
    for first, last in windows.spans(bucket_start(bucket) for bucket in buckets):
        await cursor.execute(_DERIVE, {"first": first, "last": last})
        if emptied := await cursor.fetchall():
            columns = [list(column) for column in zip(*emptied, strict=True)]
            # not prepared: only of values that the planner knows it can tell which batches they are in
            await cursor.execute(_DROP, dict(zip(("animals", "buckets"), columns, strict=True)), prepare=False)


_DERIVE = windows.DERIVE.format(first="%(first)s", last="%(last)s").encode()
_DROP = windows.DROP.format(animals="%(animals)s", buckets="%(buckets)s").encode()


async def _share_farms(connection: AsyncConnection, registry: Mapping[int, int]) -> None:
    farms = sorted(registry)
    if not farms:
        return
    await connection.execute(
        "SELECT pg_advisory_xact_lock_shared(%s, id) FROM unnest(%s::int[]) AS id ORDER BY id", (FARM_LOCK, farms)
    )
    cursor = await connection.execute("SELECT id, registry_version FROM farm WHERE id = ANY (%s)", (farms,))
    if dict(await cursor.fetchall()) != dict(registry):
        raise StaleRegistryError


async def _merge(connection: AsyncConnection, evidence: Mapping[Key, Seconds]) -> None:
    async with connection.cursor() as cursor:
        async with cursor.copy(_COPY) as copy:
            await copy.write(encode_contributions(evidence.items()))
        await cursor.execute(_MERGE)
        if cursor.rowcount:
            await cursor.execute(windows.LOCK.encode())
            await _derive(cursor, {bucket for _, bucket, _ in evidence})


_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_ROW = Struct(">hiiiqih" + "ii113s" * 3)  # each field is led by its length, a bit string also by its count of bits
_POSTGRES_EPOCH_US = 946_684_800_000_000


def encode_contributions(evidence: Iterable[tuple[Key, Seconds]]) -> bytes:
    """Encode contributions as PostgreSQL's binary COPY format, by hand because it is the hottest part of a flush."""
    row, copied = _ROW.pack, bits.to_copy
    rows = [_SIGNATURE]
    for (collar_id, bucket, method), (received, standing, lying) in evidence:
        start = bucket * 900_000_000 - _POSTGRES_EPOCH_US
        seconds = (117, 900, copied(received), 117, 900, copied(standing), 117, 900, copied(standing | lying))
        rows.append(row(6, 4, collar_id, 8, start, 2, method, *seconds))
    rows.append(b"\xff\xff")
    return b"".join(rows)


async def _keep_raw(connection: AsyncConnection, admitted: Mapping[int, Sequence[Message]]) -> None:
    for farm_id, messages in admitted.items():
        received = [message.received_at for message in messages]
        await connection.execute(
            "INSERT INTO raw_pack (farm_id, first_received, last_received, messages, data) VALUES (%s, %s, %s, %s, %b)",
            (farm_id, from_ms(min(received)), from_ms(max(received)), len(messages), pack(messages)),
        )


_REJECT = """
INSERT INTO rejected_message AS r
  (key, farm_id, topic, code, detail, device, first_received, last_received, count, size, payload)
SELECT key, farm.id, topic, code, detail, device, first_received, last_received, count, size, payload
FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
            %s::timestamptz[], %s::bigint[], %s::int[], %s::bytea[])
  AS u (key, farm_name, topic, code, detail, device, first_received, last_received, count, size, payload)
LEFT JOIN farm ON farm.name = farm_name
WHERE NOT EXISTS (SELECT FROM farm_deletion d WHERE d.name_hash = sha256(convert_to(farm_name, 'UTF8')))
ORDER BY key
ON CONFLICT (key) DO UPDATE SET count = r.count + excluded.count, code = excluded.code, detail = excluded.detail,
  device = excluded.device,
  first_received = least(r.first_received, excluded.first_received),
  last_received = greatest(r.last_received, excluded.last_received)
"""


async def _keep_rejected(connection: AsyncConnection, rejected: Sequence[tuple[Message, Rejected]]) -> None:
    by_key: dict[bytes, list[tuple[Message, Rejected]]] = {}
    for message, reason in rejected:
        by_key.setdefault(rejected_key(message), []).append((message, reason))
    if not by_key:
        return
    await share_names(connection)
    rows = [_rejected_row(key, same) for key, same in by_key.items()]
    await connection.execute(_REJECT, [list(column) for column in zip(*rows, strict=True)])


async def share_names(connection: AsyncConnection) -> None:
    """Hold back deletions of farms until this transaction ends; what it does next sees those that were begun."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (FARM_LOCK, NAMES))


def rejected_key(message: Message) -> bytes:
    """Return the sha256 of the topic, a zero byte and the payload: the same message is kept once."""
    return sha256(message.topic.encode() + b"\0" + message.payload).digest()


def _rejected_row(key: bytes, same: Sequence[tuple[Message, Rejected]]) -> tuple[object, ...]:
    message, reason = same[-1]
    received = [from_ms(one.received_at) for one, _ in same]
    parts = message.topic.split("/")
    farm = parts[2] if message.topic.startswith("animov/v1/") and len(parts) > 2 else None
    topic, detail = (_without_nul(text) for text in (message.topic, reason.detail))
    device = None if reason.device is None else alias_of(reason.device)
    kept = message.payload[:RAW_KEPT_BYTES]
    size = len(message.payload)
    return key, farm, topic, reason.code, detail, device, min(received), max(received), len(same), size, kept


def _without_nul(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


_LATEST = """
{value} = CASE WHEN excluded.{at} > s.{at} OR s.{at} IS NULL
                 OR excluded.{at} = s.{at} AND excluded.{value} > s.{value} THEN excluded.{value} ELSE s.{value} END,
{at} = greatest(s.{at}, excluded.{at})"""
_FIELDS = (("online", "online_at"), ("battery_v", "battery_at"), ("rssi_dbm", "rssi_at"), ("firmware", "firmware_at"))

_STATUS = (  # of our own names
    "INSERT INTO collar_status AS s"  # noqa: S608 - put together from our own names
    " (collar_id, at, online, online_at, battery_v, battery_at, rssi_dbm, rssi_at, firmware, firmware_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (collar_id) DO UPDATE SET at = greatest(s.at, excluded.at), "
    + ", ".join(_LATEST.format(value=value, at=at) for value, at in _FIELDS)
)
"""Each field takes the latest that was said of it, of two at one instant the greater: a function of the set."""


async def _keep_status(connection: AsyncConnection, status: Sequence[tuple[int, Status]]) -> None:
    for collar_id, said in sorted(status, key=lambda one: (one[0], one[1].at)):
        at = from_ms(said.at)
        fields = [(value, at if value is not None else None) for value in said[1:]]
        row = (collar_id, at, *(part for field in fields for part in field))
        await connection.execute(_STATUS.encode(), row)
        if said.battery_v is not None:
            await connection.execute(batteries.KEEP, (collar_id, at, said.battery_v))
