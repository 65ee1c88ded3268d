"""What is kept, for how long, in whose hands: retention, backups, passwords, the clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from animov.admission import admit_by_password
from core.clock import NodeClock
from core.errors import ConflictError, UnavailableError
from core.readings import CollarName, Message, Rejected
from core.settings import Settings
from core.timeline import to_ms
from storage.engine import clocks, database
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import credentials, herd
from storage.upkeep import backup
from storage.upkeep.retention import apply_retention
from storage.upkeep.status import database_status
from tests import databases

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def keep(engine, database_url, *, days_old, size=1000):
    """Commit one raw message and one refused one, received so many days ago."""
    received = to_ms(NOW - timedelta(days=days_old))
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        version = connection.execute(text("SELECT registry_version FROM farm")).scalar_one()
    raw = Message("animov/v1/barn/a/samples", received, bytes(size))
    bad = (Message("animov/v1/barn/a/samples", received, str(days_old).encode()), Rejected("malformed", "no JSON"))

    async def commit():
        connection = await sink.connect(database_url)
        await sink.commit(connection, Unit(admitted={farm: [raw]}, rejected=[bad], registry={farm: version}))
        await connection.close()

    asyncio.run(commit())


def ages(engine, table):
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT last_received FROM {table} ORDER BY 1 DESC")).scalars()
        return [(NOW - received).days for received in rows]


def test_raw_and_refused_messages_go_when_their_days_are_over(engine, database_url):
    for days_old in (0, 6, 8, 29, 31):
        keep(engine, database_url, days_old=days_old)
    deleted = apply_retention(engine, Settings(), NOW)

    assert ages(engine, "raw_pack") == [0, 6]
    assert ages(engine, "rejected_message") == [0, 6, 8, 29]
    assert (deleted.raw_pack, deleted.rejected_message) == (3, 1)


def test_raw_messages_keep_to_their_share_of_the_disk_and_the_oldest_go_first(engine, database_url):
    for days_old in (3, 2, 1, 0):
        keep(engine, database_url, days_old=days_old, size=100_000)
    with engine.connect() as connection:
        one = connection.execute(text("SELECT pg_column_size(data) FROM raw_pack LIMIT 1")).scalar_one()
    apply_retention(engine, Settings(raw_bytes=2 * one + one // 2), NOW)

    assert ages(engine, "raw_pack") == [0, 1]


def test_a_backup_holds_every_row_and_a_restore_brings_them_back(engine, database_url, server_url, tmp_path):
    """Every table is compared, row by row."""
    keep(engine, database_url, days_old=1)
    file = tmp_path / "all.dump"
    with databases.made(server_url) as restored_url, databases.opened(restored_url) as restored:
        backup.backup(database_url, file)
        with pytest.raises(ConflictError, match="exists already"):
            backup.backup(database_url, file)
        backup.restore(restored_url, file)

        assert _rows(restored) == _rows(engine)
        assert database.upgrade(restored) == database.newest_version()


def test_a_restore_that_fails_says_why(database_url, tmp_path):
    broken = tmp_path / "broken.dump"
    broken.write_bytes(b"nothing of the kind")

    with pytest.raises(UnavailableError, match="pg_restore failed"):
        backup.restore(database_url, broken)


def test_status_knows_versions_sizes_and_lag(engine, database_url, tmp_path):
    keep(engine, database_url, days_old=1)
    with engine.connect() as connection:
        found = database_status(connection, tmp_path)

    assert found.version == found.wanted == database.newest_version()
    assert found.rejected == 1
    assert found.disk_free_bytes > 0
    assert {size.table for size in found.tables} >= {"raw_pack", "rejected_message"}


def test_a_collar_gets_in_with_its_own_password_and_writes_its_own_topics(engine, database_url):
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, CollarName("barn", "a"))
        herd.ensure_collar(connection, CollarName("barn", "b"))

    async def nobody():
        return await admit_by_password(database_url)

    assert asyncio.run(nobody()) is None
    with engine.begin() as connection:
        password = credentials.new_password(connection, collar_id).encode()

    async def attempts():
        authenticate = await admit_by_password(database_url)
        tried = [("barn/a", password), ("barn/a", b"wrong"), ("barn/b", password), (None, None), ("barn/b", b"")]
        return [await authenticate("client", user, shown) for user, shown in tried]

    let_in, *refused = asyncio.run(attempts())
    assert refused == [None] * 4
    assert let_in.may_write("animov/v1/barn/a/samples")
    assert not any(map(let_in.may_write, ["animov/v1/barn/ab/samples", "animov/v1/barn/b/samples", "other"]))
    with engine.connect() as connection:
        assert password.decode() not in str(connection.execute(text("SELECT * FROM collar")).all())


def test_every_process_hears_of_a_new_clock_at_once(engine, database_url):
    heard = []

    async def follow():
        async def until(count):
            while len(heard) < count:
                await changed.wait()
                changed.clear()

        changed = asyncio.Event()

        def on_change(clock):
            heard.append(clock)
            changed.set()

        following = asyncio.create_task(clocks.follow(database_url, on_change))
        await until(1)
        await asyncio.to_thread(_set_clock, engine, NodeClock(10.0, 20.0, 60.0, 25.0))
        await until(2)
        following.cancel()

    asyncio.run(asyncio.wait_for(follow(), 30))

    assert heard == [NodeClock(), NodeClock(10.0, 20.0, 60.0, 25.0)]
    assert heard[1].at(10.05) == pytest.approx(23.0)
    assert heard[1].at(99.0) == 25.0


def test_sql_reads_the_same_clock(engine):
    _set_clock(engine, NodeClock(0.0, 0.0, 1.0, ceiling=NOW.timestamp()))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT animov_now()")).scalar_one() == NOW


def _set_clock(engine, clock):
    with engine.begin() as connection:
        clocks.write(connection, clock)


def _rows(engine):
    with engine.connect() as connection:
        names = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
        ).scalars()
        return {name: sorted(map(str, connection.execute(text(f'SELECT * FROM "{name}"')))) for name in list(names)}
